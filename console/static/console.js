// The console's one script. Pages are whole without it: it follows what changes, counts durations on,
// and writes the preview of a form while one types.

const live = document.getElementById('live');
const announcer = document.getElementById('announcer');

/** Says something aloud, once whoever listens is silent. */
function say(words) {
  announcer.textContent = words;
}

function show(state, words) {
  const before = live.dataset.state;
  live.dataset.state = state;
  live.textContent = words;
  if (state !== before && (state === 'lost' || before === 'lost')) say(words);
}

/**
 * Makes a part of the page look like another one, and leaves alone what is the same: focus, scroll
 * positions and selections stay where they are.
 */
function grow(old, fresh) {
  syncAttributes(old, fresh);
  const known = new Map([...old.children].filter(({ id }) => id).map((each) => [each.id, each]));
  let at = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const same = (wanted.id && known.get(wanted.id)) || (isLike(at, wanted) ? at : undefined);
    if (same === undefined) {
      old.insertBefore(wanted, at);
      continue;
    }
    if (same === at) at = at.nextSibling;
    else old.insertBefore(same, at);
    if (same.nodeType === Node.ELEMENT_NODE) grow(same, wanted);
    else if (same.data !== wanted.data) same.data = wanted.data;
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function isLike(node, wanted) {
  return node?.nodeName === wanted.nodeName && (node.id ?? '') === (wanted.id ?? '');
}

function syncAttributes(old, fresh) {
  for (const { name, value } of [...fresh.attributes]) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    const isReaders = name === 'open' && old.nodeName === 'DETAILS';
    if (!fresh.hasAttribute(name) && !isReaders) old.removeAttribute(name);
  }
}

function replace(id, html) {
  const old = document.getElementById(id);
  if (old === null) return;
  const template = document.createElement('template');
  template.innerHTML = html;
  const fresh = old.cloneNode(false);
  fresh.append(template.content);
  grow(old, fresh);
  count();
}

/** Counts on how long something has gone on for. */
function count() {
  for (const element of document.querySelectorAll('time[data-since]')) {
    const words = duration(Date.now() - Date.parse(element.dataset.since));
    if (element.textContent !== words) element.textContent = words;
  }
}

function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds} s`;
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

let source;

function follow() {
  source?.close();
  source = new EventSource(document.body.dataset.live);
  const on = (name, act) =>
    source.addEventListener(name, ({ data }) => act(data === '' ? '' : JSON.parse(data)));
  on('fragment', ({ id, html }) => replace(id, html));
  on('said', say);
  on('well', () => show('well', 'Live'));
  on('trouble', (sentence) => show('lost', `${sentence} Trying again.`));
  on('ended', () => {
    source.close();
    source = undefined;
    document.body.removeAttribute('data-live');
    show('ended', 'Ended: nothing changes any more');
  });
  source.onerror = () => {
    if (source === undefined) return;
    if (source.readyState === EventSource.CLOSED) {
      show('lost', 'The console does not let this page in any more: open it anew.');
    } else show('lost', 'Connection to the console lost. Trying again.');
  };
}

if (document.body.dataset.live !== undefined) {
  show('opening', 'Connecting');
  follow();
  // Nobody looks at a hidden page: the console need not look either.
  document.addEventListener('visibilitychange', () => {
    if (document.body.dataset.live === undefined) return;
    if (document.hidden) {
      source?.close();
      source = undefined;
    } else follow();
  });
}
count();
setInterval(count, 1000);

/** Writes what a form comes to beside it, by the server's own hand. */
const form = document.querySelector('form[data-preview]');
let typing;
form?.addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(() => void preview(), 250);
});

async function preview() {
  const body = new URLSearchParams(new FormData(form));
  try {
    const answer = await fetch(form.dataset.preview, { method: 'POST', body });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const fresh = page.getElementById('preview');
    if (fresh !== null) grow(document.getElementById('preview'), document.adoptNode(fresh));
  } catch {
    // The preview is old then; the form still works, and says what is wrong when it is sent.
  }
}
