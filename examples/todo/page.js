// The page of the to-do service. What came from people is put into the page as text, never as HTML.

const part = (id) => document.getElementById(id);

/** Asks the service. @throws {Error} with a message for people, and the status of the answer */
async function ask(method, path, { body = {}, key } = {}) {
  const sends = method !== 'GET';
  const headers = { ...(sends && { 'content-type': 'application/json' }), ...(key && { 'idempotency-key': key }) };
  const response = await fetch(path, { method, headers, body: sends ? JSON.stringify(body) : null });
  const answer = response.status === 204 ? undefined : await response.json();
  if (response.ok) return answer;
  const nameOf = (pointer) => pointer.replace('#/', '').replace('organization_name', 'company');
  const errors = (answer.errors ?? []).map(({ pointer, detail }) => `${nameOf(pointer)} ${detail}`);
  throw Object.assign(new Error(errors.join('; ') || answer.detail), { status: response.status });
}

/** Does what somebody asked for with a control, which rests meanwhile, and tells them where it failed. */
async function act(control, work) {
  control.disabled = true;
  part('message').textContent = '';
  try {
    await work();
  } catch (error) {
    // Where somebody else was faster, or the token is over, what stands now is to be seen.
    if ([401, 404, 412].includes(error.status) && !part('list').hidden) await show();
    part('message').textContent = error.message;
  } finally {
    control.disabled = false;
  }
}

/** Shows the list as it stands or, to whoever is not logged in, the way to it. */
async function show() {
  let found;
  try {
    found = await ask('GET', '/todos');
  } catch (error) {
    if (error.status !== 401) throw error;
  }
  part('entrance').hidden = found !== undefined;
  part('list').hidden = found === undefined;
  part('log-out').hidden = found === undefined;
  part('customer').textContent = found?.customer ?? '';
  const todos = found?.todos ?? [];
  part('todos').replaceChildren(...todos.map(itemOf));
  const left = todos.filter(({ done }) => !done).length;
  part('left').textContent = todos.length === 0 ? 'Nothing is to be done.' : `${left} of ${todos.length} left`;
  if (found === undefined) part('entry').elements.email.focus();
}

function itemOf({ id, version, title, done }) {
  const item = part('todo').content.cloneNode(true).firstElementChild;
  const [box, text, button] = ['input', 'span', 'button'].map((name) => item.querySelector(name));
  item.dataset.id = id;
  box.checked = done === true;
  text.textContent = title;
  button.setAttribute('aria-label', `Delete ${title}`);
  box.addEventListener('change', () =>
    act(box, async () => {
      try {
        await ask('PATCH', `/todos/${id}`, { body: { done: box.checked, version } });
      } catch (error) {
        box.checked = done === true;
        throw error;
      }
      await show();
      boxOf(id)?.focus();
    }),
  );
  button.addEventListener('click', () =>
    act(button, async () => {
      await ask('DELETE', `/todos/${id}`);
      await show();
      part('title').focus();
    }),
  );
  return item;
}

/** The box of a to-do in the list that is shown now. */
function boxOf(id) {
  const item = [...part('todos').children].find(({ dataset }) => dataset.id === id);
  return item?.querySelector('input');
}

part('entry').addEventListener('submit', (event) => {
  event.preventDefault();
  const { company, email, password } = event.target.elements;
  const body = { company: company.value, email: email.value, password: password.value };
  act(event.submitter, async () => {
    await ask('POST', `/${event.submitter.value}`, { body });
    event.target.reset();
    await show();
    part('title').focus();
  });
});

/** What was sent and not yet answered, so that sending it again cannot add it twice. */
let unanswered;

part('addition').addEventListener('submit', (event) => {
  event.preventDefault();
  const { title } = event.target.elements;
  act(event.submitter, async () => {
    if (unanswered?.title !== title.value) unanswered = { title: title.value, key: crypto.randomUUID() };
    await ask('POST', '/todos', { body: { title: title.value }, key: unanswered.key });
    unanswered = undefined;
    event.target.reset();
    await show();
    title.focus();
  });
});

part('log-out').addEventListener('click', (event) =>
  act(event.target, async () => {
    await ask('POST', '/log-out');
    await show();
  }),
);

show().catch((error) => {
  part('message').textContent = error.message;
});
