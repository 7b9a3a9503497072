/** Where an instance asks for facts of itself. */
const metadataEndpoint = 'http://169.254.169.254';

/** Spot instances get two minutes; AWS asks to look every five seconds. */
const pollMilliseconds = 5_000;

const requestMilliseconds = 1_000;

/**
 * Watches for EC2's notice that it will take the instance away, and calls `onNotice` once.
 *
 * Speaks IMDSv2 only. Where nothing answers, it goes on asking in silence: a notice missed costs no
 * more than an instance lost without one. Answers the function that stops it.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
 */
export function watchInterruption(
  onNotice: () => void,
  request: typeof fetch = fetch,
  milliseconds = pollMilliseconds,
): () => void {
  let busy = false;
  const look = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      if (await isAnnounced(request)) {
        clearInterval(timer);
        onNotice();
      }
    } catch {
      // No metadata service, or it is slow: the next look comes soon.
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(() => void look(), milliseconds).unref();
  return () => clearInterval(timer);
}

async function isAnnounced(request: typeof fetch): Promise<boolean> {
  const token = await request(`${metadataEndpoint}/latest/api/token`, {
    method: 'PUT',
    headers: { 'X-aws-ec2-metadata-token-ttl-seconds': '60' },
    signal: AbortSignal.timeout(requestMilliseconds),
  });
  const answer = await request(`${metadataEndpoint}/latest/meta-data/spot/instance-action`, {
    headers: { 'X-aws-ec2-metadata-token': await token.text() },
    signal: AbortSignal.timeout(requestMilliseconds),
  });
  return answer.status === 200;
}
