// The assembly of the loop in which an op spends its time: of the functions that work for it, the one with most multiply-adds first. There are
// several where a product has a micro-kernel for each number of rows.

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
    const others = [...new Set(loops[0].sites)].filter(other => other !== Number(state.loop)).map(other => facts.sites[other].name);
    if (others.length) container.append(el('p', {}, el('code', {}, loops[0].function), ` works for ${others.length === 1 ? 'another op' : `${others.length} other ops`} as well: ${others.slice(0, 6).join(', ')}${others.length > 6 ? ' …' : ''}.`));
    if (loops.length > 1) container.append(el('p.hint', {}, `${loops.length} functions work for it, most of them for other numbers of rows (rows × columns stand in their names).`));
    container.append(...loops.map((loop, index) => this.loop(loop, lines, index === 0)));
  },

  loop({ function: name, first, last, multiplyAdds, repeats }, lines, isOpen) {
    const shown = lines.slice(first - 1, last).filter(line => !/^\s*\.(?:loc|cfi)|^\.Ltmp/.test(line));
    const open = () => setState({ view: 'text', stage: 'asm', line: `asm:${first}` });
    const body = el('pre.asm', {});
    const fill = () => { body.textContent = shown.map(line => line.replace(/\t/g, '  ')).join('\n'); };
    if (isOpen) fill();
    return el('details', { open: isOpen, toggle: fill },
      el('summary', {}, el('code', {}, name), ` — ${multiplyAdds ? `${multiplyAdds} multiply-adds of vectors in ` : ''}${shown.length} lines`, repeats ? '' : ', in a row'),
      repeats ? null : el('p.hint', {}, 'So few inputs take no loop: the function has all of their products in a row, and its caller runs it once a tile.'),
      el('button.link', { type: 'button', click: open }, `asm:${first}`), body);
  },
};
