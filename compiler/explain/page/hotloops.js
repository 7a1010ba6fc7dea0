// The assembly of the loop in which an op spends its time: of the functions that work for it, the one with most multiply-adds first.

const hotLoops = {
  loopsOf(number) {
    return (facts.loops || []).filter(({ sites }) => sites.includes(number)).sort((a, b) => b.multiplyAdds - a.multiplyAdds || (a.last - a.first) - (b.last - b.first));
  },

  async render(container) {
    const site = state.loop === '' ? null : facts.sites[Number(state.loop)];
    if (!site) return;
    const loops = this.loopsOf(Number(state.loop));
    container.append(el('h2', {}, `Hot loop of ${site.name}`));
    if (!loops.length) {
      container.append(el('p.hint', {}, 'None of the functions that work for it alone has a loop over vectors: it is part of its entry.'));
      return;
    }
    const lines = await linesOf('asm');
    container.append(...loops.slice(0, 6).map((loop, index) => this.loop(loop, lines, index === 0)));
    if (loops.length > 6) container.append(el('p.hint', {}, `${loops.length - 6} more functions, for other numbers of rows`));
  },

  loop({ function: name, first, last, multiplyAdds }, lines, isOpen) {
    const shown = lines.slice(first - 1, last).filter(line => !/^\s*\.(?:loc|cfi)/.test(line));
    const open = () => setState({ view: 'text', stage: 'asm', line: `asm:${first}` });
    return el('details', { open: isOpen },
      el('summary', {}, el('code', {}, name), ` — ${multiplyAdds} multiply-adds of vectors in ${shown.length} lines`),
      el('button.link', { type: 'button', click: open }, `asm:${first}`),
      el('pre.asm', {}, shown.map(line => line.replace(/\t/g, '  ')).join('\n')));
  },
};
