import { blocksOf, type Page, type Shown } from '../documentation/page.ts';

/** A text without what differs from time to time: ids, times, digests, tags, cursors and ports. */
export function withoutChance(text: string): string {
  return text
    .trim()
    .replaceAll(/\b(org|usr|doc)_[0-7][0-9a-hjkmnp-tv-z]{25}\b/g, '$1_...')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '(time)')
    .replaceAll(/("request_id":)"[^"]+"/g, '$1"..."')
    .replaceAll(/("next_cursor":)"[^"]+"/g, '$1"..."')
    .replaceAll(/"[0-9a-f]{32}([0-9a-f]{32})?"/g, '(digest)')
    .replaceAll(/\\?"[\w-]{43}\\?"/g, '(tag)')
    .replaceAll(/(localhost|127\.0\.0\.1):\d+/g, '$1:...');
}

/** The commands of a page, each with what is to be printed: a block of JSON or text that stands right below it. */
export function commandsWithAnswers(page: Page): Shown[] {
  const blocks = blocksOf(page);
  return blocks.flatMap(({ language, text: command }, place) => {
    if (language !== 'sh') return [];
    const next = blocks[place + 1];
    const isAnswer = next?.followsBlock === true && next.language !== 'sh';
    return [{ command, answer: isAnswer ? next.text : undefined }];
  });
}
