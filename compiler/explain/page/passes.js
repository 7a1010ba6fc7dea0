// Every pass in its order, and what it changed. A difference is told function by function.

const passesView = {
  name: 'passes',
  title: 'Passes',
  key: 'd',

  current() {
    const number = Number(state.pass);
    if (state.pass !== '' && facts.passes[number]) return number;
    return Math.max(facts.passes.findIndex(({ changed }) => changed), 0);
  },

  go(number) {
    setState({ pass: String(Math.min(Math.max(number, 0), facts.passes.length - 1)) });
  },

  async render(container) {
    if (!facts.passes.length) {
      container.append(el('p.hint', {}, 'No pass ran: the module was at the last stage.'));
      return;
    }
    const current = this.current(), pass = facts.passes[current];
    const slider = el('input#pass-slider', { type: 'range', min: 0, max: facts.passes.length - 1, value: current, 'aria-label': 'Pass', 'aria-valuetext': pass.name, change: event => this.go(Number(event.target.value)) });
    const list = el('ol.passes', { 'aria-label': 'Passes' }, facts.passes.map((other, number) => this.item(other, number, current)));
    const difference = el('div.diff', {});
    container.append(
      el('div.bar', {},
        el('button', { type: 'button', click: () => this.go(current - 1), 'aria-label': 'Pass before', title: '[' }, '←'),
        slider,
        el('button', { type: 'button', click: () => this.go(current + 1), 'aria-label': 'Next pass', title: ']' }, '→')),
      el('div.columns', {}, list, el('div.main', {}, el('h2', {}, `${current + 1} · ${pass.name}`), this.summary(pass), difference)));
    list.scrollTop = Math.max(list.children[current].offsetTop - list.offsetTop - list.clientHeight / 3, 0);
    if (pass.changed) this.show(JSON.parse(await chunk('pass-' + current)), difference);
  },

  item(pass, number, current) {
    const before = facts.passes[number - 1];
    const opens = !before || before.stage !== pass.stage;
    const button = el('button', { type: 'button', 'aria-current': number === current ? 'step' : null, click: () => this.go(number) },
      el('span', {}, pass.name), el('span.counts', {}, pass.changed ? `+${pass.added} −${pass.removed}` : ''));
    return el('li', { class: pass.changed ? 'changed' : 'same', 'data-stage': opens ? 'to ' + pass.stage : null }, button);
  },

  summary(pass) {
    if (!pass.changed) return el('p.hint', {}, `Towards ${pass.stage}. It changed nothing here.`);
    return el('p', {}, `Towards ${pass.stage}: `, el('span.added', {}, `${grouped(pass.added)} line${pass.added === 1 ? '' : 's'} came`), ', ', el('span.removed', {}, `${grouped(pass.removed)} went`), '. Numbers of values are not compared.');
  },

  show(functions, container) {
    let lines = 0;
    container.append(...functions.map(({ name, added, removed, hunks, left }) => {
      const isOpen = lines < 400;
      lines += added + removed;
      const body = el('div.hunks', {});
      const draw = () => {
        if (!body.childElementCount) body.append(...hunks.map(hunk => this.hunk(hunk)), ...(left ? [el('p.hint', {}, `… and ${grouped(left)} more changed lines`)] : []));
      };
      if (isOpen) draw();
      return el('details', { open: isOpen, toggle: draw },
        el('summary', {}, el('code', {}, name ? '@' + name : 'module'), ' ', el('span.added', {}, '+' + added), ' ', el('span.removed', {}, '−' + removed)), body);
    }));
  },

  /** Of lines that came in the place of as many others, what differs: by number of the line, from where to where. */
  differences(lines) {
    const found = new Map();
    for (let first = 0; first < lines.length; ++first) {
      let middle = first, last;
      while (middle < lines.length && lines[middle][0] === '-') ++middle;
      for (last = middle; last < lines.length && lines[last][0] === '+';) ++last;
      if (middle > first && last - middle === middle - first)
        for (let i = first; i < middle; ++i) this.compare(lines[i], lines[i + middle - first]).forEach((part, index) => found.set(index ? i + middle - first : i, part));
      first = Math.max(last - 1, first);
    }
    return found;
  },

  /** Where two lines differ, behind their signs; nowhere, where they have little in common. */
  compare(one, other) {
    const [a, b] = [one.slice(1), other.slice(1)], least = Math.min(a.length, b.length);
    let head = 0, tail = 0;
    while (head < least && a[head] === b[head]) ++head;
    while (tail < least - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) ++tail;
    return head + tail < least / 2 ? [] : [[head, a.length - tail], [head, b.length - tail]];
  },

  hunk([before, after, lines]) {
    const differences = this.differences(lines);
    const rows = lines.map((line, index) => {
      const sign = line[0];
      const kind = sign === '+' ? 'added' : sign === '-' ? 'removed' : 'kept';
      const number = sign === '-' ? before : after;
      if (sign !== '+') ++before;
      if (sign !== '-') ++after;
      return el('div.row.' + kind, {}, el('span.gutter', {}, String(number)), el('span.sign', {}, sign === '-' ? '−' : sign), marked(colored(line.slice(1), tokensOfMlir), differences.get(index)));
    });
    return el('div.hunk', {}, rows);
  },
};
