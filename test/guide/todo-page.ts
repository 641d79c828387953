import type { Browser, Tab } from './browser.ts';

/** What a person enters. */
export interface Entry {
  readonly company?: string;
  readonly email: string;
  readonly password: string;
}

/** A person before the page of the to-do service. What they do has been answered when it returns. */
export interface Person {
  readonly tab: Tab;
  /** Fills in the form, and presses the button of this name. */
  enter(button: 'log-in' | 'sign-up', entry: Entry): Promise<void>;
  /** Adds a to-do. */
  add(title: string): Promise<void>;
  /** Presses the box of a to-do. */
  tick(title: string): Promise<void>;
  /** Presses `Log out`. */
  logOut(): Promise<void>;
  /** What is to be seen. */
  look(): Promise<Seen>;
}

/** What the page shows. */
export interface Seen {
  readonly customer: string;
  readonly message: string;
  /** Each to-do, with an x before it where it is ticked off. */
  readonly todos: readonly string[];
}

/** Opens the page as a person with cookies of their own. */
export async function openTodoPage(browser: Browser, url: string): Promise<Person> {
  const tab = await browser.open(url);
  const isOpen = "!document.querySelector('#entrance').hidden || !document.querySelector('#list').hidden";
  await tab.evaluate(until(isOpen));
  const fill = (name: string, value: string) =>
    tab.evaluate(`document.querySelector('[name=${name}]').value = ${JSON.stringify(value)}`);
  const press = async (selector: string) => {
    await tab.evaluate(`window.pressed = ${selector}; pressed.click()`);
    // A control rests until what it asked for is done; its box may be another by then.
    await tab.evaluate(until('!pressed.disabled'));
  };
  return {
    tab,
    async enter(button, { company = '', email, password }) {
      await fill('company', company);
      await fill('email', email);
      await fill('password', password);
      await press(`document.querySelector('[value=${button}]')`);
    },
    async add(title) {
      await fill('title', title);
      await press("document.querySelector('#addition button')");
    },
    tick: (title) => press(`${itemOf(title)}.querySelector('input')`),
    logOut: () => press("document.querySelector('#log-out')"),
    look: async () => (await tab.evaluate(seen)) as Seen,
  };
}

function itemOf(title: string): string {
  return `[...document.querySelectorAll('#todos li')].find((item) => item.querySelector('span').textContent === ${JSON.stringify(title)})`;
}

/** Waits until something is so, which is looked at whenever the page changes. */
function until(condition: string): string {
  return `new Promise((resolve) => {
    const look = () => { if (${condition}) { observer.disconnect(); resolve(); } };
    const observer = new MutationObserver(look);
    observer.observe(document, { subtree: true, childList: true, attributes: true });
    if (typeof pressed !== 'undefined') observer.observe(pressed, { attributes: true });
    look();
  })`;
}

const seen = `({
  customer: document.querySelector('#customer').textContent,
  message: document.querySelector('#message').textContent,
  todos: [...document.querySelectorAll('#todos li')].map(
    (item) => (item.querySelector('input').checked ? 'x ' : '') + item.querySelector('span').textContent,
  ),
})`;
