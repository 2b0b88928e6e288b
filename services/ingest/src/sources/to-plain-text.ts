import { Parser } from 'htmlparser2';

const breaks = new Set(['br', 'p', 'div', 'li', 'tr', 'table', 'ul', 'ol', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr']);
const unseen = new Set(['script', 'style', 'head', 'title', 'template', 'noscript']);

/** The words of a text that may be HTML: removes tags, decodes entities, keeps each line break. */
export function toPlainText(text: string): string {
  return tidy(/[<&]/.test(text) ? withoutTags(text) : text);
}

function withoutTags(html: string): string {
  let words = '';
  let hidden = 0;
  const parser = new Parser({
    onopentagname: (name) => {
      if (breaks.has(name)) words += '\n';
      if (unseen.has(name)) hidden++;
    },
    ontext: (text) => {
      if (hidden === 0) words += text;
    },
    onclosetag: (name) => {
      if (unseen.has(name)) hidden--;
      if (breaks.has(name) && name !== 'br') words += '\n';
    },
  });
  parser.end(html);
  return words;
}

/** Also removes what Postgres can't store: NUL and lone surrogates. */
function tidy(text: string): string {
  return text
    .toWellFormed()
    .replaceAll('\0', '\ufffd')
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/[^\S\n]+/g, ' ')
    .replaceAll(/ ?\n ?/g, '\n')
    .replaceAll(/\n{2,}/g, '\n')
    .trim();
}
