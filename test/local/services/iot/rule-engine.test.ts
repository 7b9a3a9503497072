import { describe, expect, it } from 'vitest';
import { RuleEngine } from '../../../../local/services/iot/rule-engine.ts';
import { parseRuleSql } from '../../../../local/services/iot/rule-sql.ts';
import { startSmallCloud } from '../lambda/small-cloud.ts';

const message = {
  topic: 'a/b',
  payload: Buffer.from('{}'),
  clientId: 'ABCDEFGHJ',
  principal: 'f00d',
  receivedAt: new Date(0),
};

describe('the rules, when the cloud stops', () => {
  it('have not taken a message whose queue fails then, and have not lost it', async () => {
    const cloud = await startSmallCloud();
    const roleArn = await cloud.role('RuleRole');
    const sending = Promise.withResolvers<undefined>();
    const rules = new RuleEngine(
      cloud.surroundings,
      { send: () => sending.promise },
      () => 'a trace',
    );
    const action = { queueArn: 'arn', queueUrl: 'url', roleArn, useBase64: false };
    rules.add({
      name: 'observations',
      arn: 'arn',
      isEnabled: true,
      query: parseRuleSql("SELECT topic() AS topic FROM '#'"),
      actions: [action],
      errorAction: action,
    });

    const taken = rules.take(rules.rulesFor('a/b'), message);
    const stopped = rules.stop();
    sending.reject(new Error('closed'));

    await expect(taken).rejects.toThrow('the cloud stops');
    await stopped;
    expect(rules.lost).toEqual([]);
    await cloud.stop();
  });
});
