// The work of every op against what a machine can do: a roofline (Williams, Waterman and Patterson 2009), and beside what it takes at
// least what was measured, where there is a profile.

const usualLimits = { f32: 100, bf16: 200, i8: 400, memory: 20 }; // 10⁹ a second

const costsView = {
  name: 'costs',
  title: 'Costs',
  key: 'c',

  /** 10⁹ a second: what is set, what the profile has probed, or a round number. */
  limits() {
    const probed = (facts.profile && facts.profile.limits) || {};
    return Object.fromEntries(Object.entries(usualLimits).map(([name, usual]) => {
      const set = Number(state['limit.' + name]);
      return [name, set > 0 ? set : probed[name] > 0 ? probed[name] / 1e9 : usual];
    }));
  },

  render(container) {
    if (!facts.sites.length) {
      container.append(el('p.hint', {}, 'The module says nothing about the work of its ops.'));
      return;
    }
    const entry = facts.entries.find(({ name }) => name === state.entry) || facts.entries[0];
    const rows = this.rows(entry.name, sizeValues(), this.limits());
    const seconds = rows.reduce((sum, row) => sum + row.expected, 0);
    container.append(
      el('div.bar', {}, choice('a call of', facts.entries.map(({ name }) => [name, name]), entry.name, name => setState({ entry: name }))),
      sizeSliders(), this.limitFields(),
      el('p#expected', { 'data-seconds': seconds }, `At these limits a call of ${entry.name} takes ${timeText(seconds)} at least: ${countText(rows.reduce((sum, row) => sum + row.flops * row.runs, 0), 'FLOP')}, ${bytesText(rows.reduce((sum, row) => sum + row.bytes * row.runs, 0))} through memory.`),
      this.roofline(rows), this.table(rows), el('div#hot-loop', {}));
    return hotLoops.render(document.getElementById('hot-loop'));
  },

  rows(entry, values, limits) {
    const measured = new Map(((facts.profile && facts.profile.sites) || []).map(site => [site.name, site]));
    const whole = [...measured.values()].reduce((sum, { seconds }) => sum + seconds, 0);
    // A module past its loops does not tell how often.
    const isCounted = facts.sites.some(site => Object.keys(site.runs).length);
    const isRun = site => !isCounted || entry in site.runs || measured.has(site.name);
    return facts.sites.map((site, number) => ({ site, number })).filter(({ site }) => isRun(site)).map(({ site, number }) => {
      const flops = sizeNumber(site.flops, values), bytes = sizeNumber(site.bytes, values), runs = isCounted ? sizeNumber(site.runs[entry] || '0', values) : 1;
      const least = (work, traffic) => Math.max(work / (limits[site.arithmetic] || limits.f32), traffic / limits.memory) / 1e9;
      const profile = measured.get(site.name);
      return {
        site, number, flops, bytes, runs, profile, expected: least(flops, bytes) * runs,
        bound: flops / (limits[site.arithmetic] || limits.f32) > bytes / limits.memory ? 'arithmetic' : 'memory',
        seconds: profile ? profile.seconds : 0, share: profile && whole ? profile.seconds / whole : 0,
      };
    });
  },

  limitFields() {
    const limits = this.limits();
    const field = (name, text) => el('label', {}, text, ' ', el('input', { type: 'number', min: 0.1, step: 'any', value: Number(limits[name].toPrecision(4)), change: event => setState({ ['limit.' + name]: event.target.value }) }));
    return el('div.bar.limits', { role: 'group', 'aria-label': 'Limits of the machine' }, field('f32', 'f32 GFLOP/s'), field('bf16', 'bf16'), field('i8', 'i8'), field('memory', 'memory GB/s'),
      el('span.hint', {}, facts.profile && facts.profile.limits ? 'as probed by the profile' : 'of your machine: a program\'s --profile probes them'));
  },

  roofline(rows) {
    const limits = this.limits(), width = 620, height = 300, left = 60, bottom = 34, top = 24;
    const points = rows.filter(({ flops, bytes, runs }) => flops > 0 && bytes > 0 && runs > 0);
    if (!points.length) return el('p.hint', {}, 'No op multiplies anything here.');
    const measured = points.filter(({ profile }) => profile && profile.seconds > 0 && profile.flops > 0).map(({ profile }) => ({ intensity: profile.flops / (profile.bytes || 1), speed: profile.flops / profile.seconds / 1e9 }));
    const intensities = [...points.map(({ flops, bytes }) => flops / bytes), ...measured.map(({ intensity }) => intensity), limits.f32 / limits.memory];
    const from = Math.floor(Math.log10(Math.min(...intensities)) - 0.2), to = Math.ceil(Math.log10(Math.max(...intensities)) + 0.2);
    const highest = Math.ceil(Math.log10(Math.max(limits.f32, limits.bf16, limits.i8)) + 0.1), slowest = Math.min(limits.memory * 10 ** from, ...measured.map(({ speed }) => speed)), lowest = Math.max(Math.min(Math.floor(Math.log10(slowest)), highest - 2), highest - 7);
    const x = intensity => left + (Math.log10(intensity) - from) / (to - from) * (width - left - 12);
    const y = speed => top + (highest - Math.log10(Math.max(speed, 10 ** lowest))) / (highest - lowest) * (height - top - bottom);
    const reach = (intensity, limit) => Math.min(limit, intensity * limits.memory);
    const used = new Set(points.map(({ site }) => site.arithmetic));
    const roofs = ['f32', 'bf16', 'i8'].filter(name => used.has(name)).map(name => {
      const corner = Math.max(limits[name] / limits.memory, 10 ** from);
      return svg('g', {}, svg('path.roof', { d: `M${x(10 ** from)} ${y(reach(10 ** from, limits[name]))} L${x(corner)} ${y(limits[name])} L${width - 12} ${y(limits[name])}` }), svg('text.tick.end', { x: width - 14, y: y(limits[name]) - 14 }, `${name} ${countText(limits[name] * 1e9, 'FLOP/s')}`));
    });
    const longest = Math.max(...points.map(({ expected }) => expected), 1e-30);
    const circles = points.map(({ site, flops, bytes, expected, seconds, profile, number }) => {
      const intensity = flops / bytes, speed = reach(intensity, limits[site.arithmetic] || limits.f32);
      const got = profile && profile.seconds > 0 && profile.flops > 0 ? profile.flops / profile.seconds / 1e9 : 0;
      const choose = () => this.choose(site, number);
      return svg('g.point', { click: choose, class: String(number) === state.loop ? 'point chosen' : 'point' }, svg('title', {}, `${site.name}\n${intensity.toPrecision(3)} FLOP a byte, at least ${timeText(expected)}` + (got ? `, measured ${timeText(seconds)}` : '')),
        svg('circle', { cx: x(intensity), cy: y(speed), r: 3 + 9 * Math.sqrt(expected / longest) }), got ? svg('circle.measured', { cx: x(profile.flops / (profile.bytes || 1)), cy: y(got), r: 4 }) : null);
    });
    const power = exponent => [...String(exponent)].map(char => '⁰¹²³⁴⁵⁶⁷⁸⁹'[char] || '⁻').join('');
    const ticks = [];
    for (let i = from; i <= to; ++i) ticks.push(svg('g', {}, svg('line.grid', { x1: x(10 ** i), x2: x(10 ** i), y1: top, y2: height - bottom }), svg('text.tick.middle', { x: x(10 ** i), y: height - bottom + 14 }, `10${power(i)}`)));
    for (let i = lowest; i <= highest; ++i) ticks.push(svg('g', {}, svg('line.grid', { x1: left, x2: width - 12, y1: y(10 ** i), y2: y(10 ** i) }), svg('text.tick', { x: left - 6, y: y(10 ** i) + 4 }, `10${power(i)}`)));
    return el('div.scroll', {}, svg('svg.chart.roofline', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': `Roofline of ${points.length} ops` }, ticks, roofs, circles,
      svg('text.tick.middle', { x: (left + width) / 2, y: height - 4 }, 'FLOP a byte'), svg('text.tick.start', { x: 4, y: 12 }, 'GFLOP/s')),
    el('p.hint', {}, 'A circle is an op at the best that the limits allow, as large as the time it takes then' + (facts.profile ? '; filled ones are measured.' : '.')));
  },

  choose(site, number) {
    const [place] = facts.places[site.places] || [];
    setState({ loop: String(number), line: place ? selectionText(place) : state.line });
  },

  table(rows) {
    const sum = rows.reduce((total, { expected }) => total + expected, 0) || 1;
    const columns = [
      { name: 'op', title: 'Op', value: ({ site }) => site.name, text: ({ site, number }) => el('button.link', { type: 'button', click: () => this.choose(site, number), title: 'its line, and its hot loop' }, site.name) },
      { name: 'runs', title: 'Runs', number: true, hint: 'in a call', value: ({ runs }) => runs, text: ({ runs }) => grouped(runs) },
      { name: 'flops', title: 'FLOP', number: true, hint: 'of all runs', value: ({ flops, runs }) => flops * runs, text: ({ flops, runs, site }) => el('span', { title: `${site.flops} a run` }, countText(flops * runs, '')) },
      { name: 'bytes', title: 'Bytes', number: true, hint: 'of all runs', value: ({ bytes, runs }) => bytes * runs, text: ({ bytes, runs, site }) => el('span', { title: `${site.bytes} a run` }, bytesText(bytes * runs)) },
      { name: 'bound', title: 'Bound by', value: ({ bound }) => bound },
      { name: 'expected', title: 'At least', number: true, hint: 'at these sizes and limits', value: ({ expected }) => expected, text: ({ expected }) => timeText(expected) },
      { name: 'part', title: 'Part', number: true, value: ({ expected }) => expected, text: ({ expected }) => `${(expected / sum * 100).toFixed(1)}%` },
    ];
    if (facts.profile)
      columns.push(
        { name: 'measured', title: 'Measured', number: true, hint: 'all of the profile', value: ({ seconds }) => seconds, text: ({ seconds }) => timeText(seconds) },
        { name: 'share', title: 'Share', number: true, value: ({ share }) => share, text: ({ share }) => `${(share * 100).toFixed(1)}%` },
        { name: 'factor', title: 'Of limit', number: true, hint: 'of the arithmetic, the cache or the memory that bounds it, as the profile found', value: ({ profile }) => profile && profile.limit || 0, text: ({ profile }) => profile && profile.bound ? `${(profile.limit * 100).toFixed(0)}% ${profile.bound}` : '—' });
    const lit = litSets(selection).sets;
    return sortableTable('Costs', columns, rows, 'costs', {
      sort: facts.profile ? '-measured' : '-expected',
      row: ({ site, number, expected }) => ({ class: String(number) === state.loop ? 'chosen' : lit.has(site.places) ? 'lit' : null, 'data-site': site.name, 'data-seconds': expected }),
    });
  },
};
