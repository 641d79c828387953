const mostCharacters = 254; // RFC 5321, 4.5.3.1.3: a path is 256 with its angle brackets

/** What `input type=email` accepts: https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address */
const valid =
  /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;

/** What is wrong with an email, as the detail of a `ValueIssue`; undefined where nothing is. Nothing is trimmed. */
export function checkEmail(email: string): string | undefined {
  if (email.length > mostCharacters) return `must be at most ${mostCharacters} characters`;
  if (!valid.test(email)) return 'must be an email address, local@domain, without spaces';
  return undefined;
}

/** What emails are compared by: without case. A valid email is ASCII, so lower case is full case folding. */
export function emailKey(email: string): string {
  return email.toLowerCase();
}
