// Texts of any length: only the lines in sight are in the document.

const lineHeight = 18;
const mostPrinted = 4000; // lines
const mostColumns = 2000; // of a line; a table of constants may be as long as a program
const tokensOf = (comment, words) => new RegExp(`(${comment}.*$)|("(?:[^"\\\\]|\\\\.)*")|([%$][\\w.#]+)|([!@^#][\\w.$]+)|(\\b(?:${words})\\b)|(\\b\\d[\\w.]*)`, 'g');
const tokensOfModel = tokensOf('#', 'model|config|dyn|block|entry|weights|return|for|scan|if|else|where|default|import|generate|tokenizer|state|override|drop');
const tokensOfMlir = tokensOf('//', 'func\\.\\w+|llvm\\.\\w+|nn\\.\\w+|kernel\\.\\w+|program\\.\\w+|return|for|if|else|where');
const tokensOfStage = {
  ast: tokensOfModel,
  ll: tokensOf(';', 'define|declare|ret|br|switch|call|load|store|phi|select|getelementptr|icmp|fcmp|fmul|fadd|fsub|fdiv|label'),
  asm: tokensOf('(?:# |\/\/)', 'callq?|retq?|j[a-z]{1,3}|b|bl'),
};
const tokenKinds = ['comment', 'string', 'value', 'symbol', 'word', 'digits'];

function colored(whole, tokens) {
  const line = whole.slice(0, mostColumns);
  const parts = [];
  let at = 0;
  for (const found of line.matchAll(tokens)) {
    if (found.index > at) parts.push(line.slice(at, found.index));
    parts.push(el('span.' + tokenKinds[found.slice(1).findIndex(group => group !== undefined)], {}, found[0]));
    at = found.index + found[0].length;
  }
  parts.push(line.slice(at), whole.length > mostColumns ? ` … ${grouped(whole.length - mostColumns)} more` : '');
  return parts;
}

/** The same with the characters of a range marked, if there is one. */
function marked(parts, range) {
  if (!range) return parts;
  let at = 0;
  return parts.flatMap(part => {
    const text = typeof part === 'string' ? part : part.textContent;
    const [from, to] = range.map(end => Math.min(Math.max(end - at, 0), text.length));
    at += text.length;
    return [text.slice(0, from), text.slice(from, to), text.slice(to)].map((piece, index) => {
      const kept = typeof part === 'string' || !piece ? piece : el('span', { class: part.className }, piece);
      return index === 1 && piece ? el('b.part', {}, kept) : kept;
    });
  });
}

let textViews = 0;

class TextView {
  /** `onHover(line or 0)`, `onSelect(line)`. */
  constructor({ label, onHover, onSelect }) {
    this.id = 'text' + ++textViews;
    this.lines = [];
    this.lit = this.hovered = new Set();
    this.selected = this.top = 0;
    this.cursor = 1;
    this.inner = el('div.lines', {});
    this.scroller = el('div.text', { tabindex: 0, role: 'listbox', 'aria-label': label, scroll: () => this.scrolled(), keydown: event => this.key(event, onSelect) }, this.inner);
    this.ruler = el('div.ruler', { 'aria-hidden': 'true' });
    this.element = el('div.textview', {}, this.scroller, this.ruler);
    const lineAt = event => {
      const row = event.target.closest('.line');
      return row ? Number(row.dataset.line) : 0;
    };
    this.inner.addEventListener('mouseover', event => onHover(lineAt(event)));
    this.scroller.addEventListener('mouseleave', () => onHover(0));
    this.inner.addEventListener('click', event => {
      const line = lineAt(event);
      if (line) {
        this.cursor = line;
        onSelect(line);
      }
    });
    if (window.ResizeObserver) new ResizeObserver(() => this.draw()).observe(this.scroller);
  }

  show(lines, tokens) {
    this.lines = lines;
    this.tokens = tokens;
    this.scroller.scrollTop = this.top = 0;
    this.cursor = 1;
    this.inner.style.height = lines.length * lineHeight + 'px';
    this.inner.style.minWidth = Math.min(lines.reduce((most, line) => Math.max(most, line.length), 0), mostColumns) + 9 + 'ch';
    this.draw();
  }

  mark(lit, selected) {
    this.lit = new Set(lit);
    this.selected = selected;
    this.ruler.replaceChildren(...this.ticks(lit));
    this.draw();
  }

  hover(lines) {
    this.hovered = new Set(lines);
    for (const row of this.inner.children) row.classList.toggle('hovered', this.hovered.has(Number(row.dataset.line)));
  }

  scrolled() {
    this.top = this.scroller.scrollTop;
    this.draw();
  }

  /** What leaves the document forgets where it was scrolled to. */
  attachTo(parent) {
    parent.append(this.element);
    this.scroller.scrollTop = this.top;
    this.draw();
  }

  ticks(lit) {
    const shares = new Set(lit.map(line => Math.round((line - 1) / Math.max(this.lines.length, 1) * 300)));
    return [...shares].map(share => {
      const tick = el('i', {});
      tick.style.top = share / 3 + '%';
      return tick;
    });
  }

  draw() {
    const { scrollTop, clientHeight } = this.scroller;
    this.drawRows(Math.max(Math.floor(scrollTop / lineHeight) - 20, 0), Math.min(Math.ceil((scrollTop + (clientHeight || 400)) / lineHeight) + 20, this.lines.length));
    delete this.inner.dataset.part;
  }

  /** For paper: all lines, or of very many those around the cursor. */
  drawAll() {
    const first = Math.max(Math.min(this.cursor - mostPrinted / 2, this.lines.length - mostPrinted), 0), last = Math.min(first + mostPrinted, this.lines.length);
    this.drawRows(first, last);
    if (last - first < this.lines.length) this.inner.dataset.part = `Lines ${grouped(first + 1)} to ${grouped(last)} of ${grouped(this.lines.length)}`;
  }

  drawRows(first, last) {
    const rows = [];
    for (let i = first; i < last; ++i) rows.push(this.row(i + 1));
    this.inner.replaceChildren(...rows);
    if (this.cursor > first && this.cursor <= last) this.scroller.setAttribute('aria-activedescendant', `${this.id}-${this.cursor}`);
  }

  row(number) {
    const isLit = this.lit.has(number), isSelected = number === this.selected;
    const row = el('div.line', { role: 'option', id: `${this.id}-${number}`, 'data-line': number, 'aria-selected': isSelected ? 'true' : 'false' },
      el('span.gutter', {}, String(number)), colored(this.lines[number - 1], this.tokens));
    row.classList.toggle('lit', isLit);
    row.classList.toggle('selected', isSelected);
    row.classList.toggle('hovered', this.hovered.has(number));
    row.classList.toggle('cursor', number === this.cursor);
    row.style.top = (number - 1) * lineHeight + 'px';
    return row;
  }

  /** Brings a line into sight, a third from the top. */
  reveal(line) {
    const top = (line - 1) * lineHeight, height = this.scroller.clientHeight || 400;
    if (top < this.scroller.scrollTop || top > this.scroller.scrollTop + height - 2 * lineHeight)
      this.scroller.scrollTop = Math.max(top - height / 3, 0);
    this.cursor = line;
    this.draw();
  }

  /** The next lit line behind the cursor, or the one before it. */
  step(direction) {
    const lit = [...this.lit].sort((a, b) => a - b);
    if (!lit.length) return;
    const next = direction > 0 ? lit.find(line => line > this.cursor) || lit[0] : [...lit].reverse().find(line => line < this.cursor) || lit[lit.length - 1];
    this.reveal(next);
  }

  key(event, onSelect) {
    const page = Math.max(Math.floor((this.scroller.clientHeight || 400) / lineHeight) - 2, 1);
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in moves) {
      this.reveal(Math.min(Math.max(this.cursor + moves[event.key], 1), this.lines.length));
    } else if (event.key === 'Enter' || event.key === ' ') {
      onSelect(this.cursor);
    } else {
      return;
    }
    event.preventDefault();
  }
}
