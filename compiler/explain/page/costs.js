// The work of every op against what a machine can do, and beside what it takes at least what was measured, where there is a profile.

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

  entry() {
    const longest = measured.longest();
    return facts.entries.find(({ name }) => name === (state.entry || (longest && longest.entry))) || facts.entries[0];
  },

  render(container) {
    if (!facts.sites.length) {
      container.append(el('p.hint', {}, 'The module says nothing about the work of its ops.'));
      return;
    }
    const { name } = this.entry(), values = sizeValues(), limits = this.limits(), calls = measured.callsLike(name, values);
    const rows = this.rows(name, values, limits, calls);
    container.append(
      el('div.bar', {}, choice('a call of', facts.entries.map(entry => [entry.name, entry.name]), name, entry => setState({ entry, run: '' })), measured.isThere() ? measured.choice(calls) : null),
      sizeSliders(), this.limitFields(limits), ...this.summary(name, rows, calls), this.table(rows, calls), el('div#hot-loop', {}), roofline.draw(rows, limits));
    return hotLoops.render(document.getElementById('hot-loop'));
  },

  /** One row for each op that runs; `took` is what was measured of it, in a call or in the whole run. */
  rows(entry, values, limits, calls) {
    const isMeasured = measured.isThere() && measured.isShown(calls), bySite = isMeasured ? measured.bySite(calls) : new Map();
    // A module past its loops does not tell how often.
    const isCounted = facts.sites.some(site => Object.keys(site.runs).length);
    const isRun = site => !isCounted || entry in site.runs || bySite.has(site.name);
    return facts.sites.map((site, number) => ({ site, number })).filter(({ site }) => isRun(site)).map(({ site, number }) => {
      const flops = sizeNumber(site.flops, values), bytes = sizeNumber(site.bytes, values), runs = isCounted ? sizeNumber(site.runs[entry] || '0', values) : 1;
      const limit = limits[site.arithmetic] || limits.f32, isMemory = bytes / limits.memory >= flops / limit;
      const expected = Math.max(flops / limit, bytes / limits.memory) / 1e9 * runs;
      const row = { site, number, flops, bytes, runs, expected, bound: isMemory ? 'memory' : 'arithmetic', took: null };
      const own = bySite.get(site.name);
      if (own) row.took = calls ? { seconds: own.seconds, flops: flops * runs, bytes: bytes * runs, bound: isMemory ? 'memory' : site.arithmetic, limit: expected / own.seconds } : own;
      return row;
    });
  },

  limitFields(limits) {
    const field = (name, text) => el('label', {}, text, ' ', el('input', { type: 'number', min: 0.1, step: 'any', value: Number(limits[name].toPrecision(4)), change: event => setState({ ['limit.' + name]: event.target.value }) }));
    return el('div.bar.limits', { role: 'group', 'aria-label': 'Limits of the machine' }, field('f32', 'f32 GFLOP/s'), field('bf16', 'bf16'), field('i8', 'i8'), field('memory', 'memory GB/s'),
      el('span.hint', {}, facts.profile && facts.profile.limits ? 'as probed by the profile' : 'of your machine: a program\'s --profile probes them'));
  },

  /** What takes longest, before any table. */
  summary(entry, rows, calls) {
    const sum = (list, number) => list.reduce((total, row) => total + number(row), 0);
    const least = sum(rows, ({ expected }) => expected);
    const paragraphs = [el('p#expected', { 'data-seconds': least }, `At these limits a call of ${entry} takes ${timeText(least)} at least: ${countText(sum(rows, ({ flops, runs }) => flops * runs), 'FLOP')}, ${bytesText(sum(rows, ({ bytes, runs }) => bytes * runs))} through memory.`)];
    const took = rows.filter(row => row.took);
    if (took.length) {
      const all = sum(took, row => row.took.seconds), whole = calls ? calls.seconds / calls.runs : facts.profile.calls.reduce((total, { seconds }) => total + seconds, 0);
      paragraphs.push(el('p#measured', { 'data-seconds': whole }, calls ? `Measured: ${timeText(whole)} a call, the mean of ${measured.text(calls)}; ` : `Measured: ${timeText(whole)} in the whole run, of all entries and sizes; `,
        `${timeText(Math.max(whole - all, 0))} of it between ops.`));
    } else if (measured.isThere()) {
      paragraphs.push(el('p.hint', {}, 'The profile has no call of this entry and these sizes: choose one that it has, or the whole run.'));
    }
    paragraphs.push(this.most(took.length ? took : rows, took.length ? row => row.took.seconds : row => row.expected, took.length > 0));
    return paragraphs;
  },

  most(rows, secondsOf, isMeasured) {
    const all = rows.reduce((total, row) => total + secondsOf(row), 0) || 1;
    const first = [...rows].sort((a, b) => secondsOf(b) - secondsOf(a)).slice(0, 3).filter(row => secondsOf(row) > 0);
    return el('p#most', {}, isMeasured ? 'Most time took ' : 'Most of that is of ', ...first.flatMap((row, index) => [index ? ', then ' : '',
      el('button.link', { type: 'button', click: () => this.choose(row.site, row.number) }, row.site.name), ` ${(secondsOf(row) / all * 100).toFixed(1)}%`]), '.');
  },

  /** The hot loop comes into sight when another op is chosen. */
  reveal() {
    const heading = document.querySelector('#hot-loop h2');
    if (heading && this.revealed !== state.loop) heading.scrollIntoView({ block: 'center' });
    this.revealed = state.loop;
  },

  choose(site, number) {
    const [place] = facts.places[site.places] || [];
    setState({ loop: String(number), line: place ? selectionText(place) : state.line });
  },

  table(rows, calls) {
    const sum = rows.reduce((total, { expected }) => total + expected, 0) || 1;
    const columns = [
      { name: 'op', title: 'Op', value: ({ site }) => site.name, text: ({ site, number }) => el('button.link', { type: 'button', click: () => this.choose(site, number), title: 'its line, and its hot loop' }, site.name) },
      { name: 'expected', title: 'At least', number: true, hint: 'at these sizes and limits', value: ({ expected }) => expected, text: ({ expected }) => timeText(expected) },
      { name: 'part', title: 'Part', number: true, value: ({ expected }) => expected, text: ({ expected }) => `${(expected / sum * 100).toFixed(1)}%` },
      { name: 'bound', title: 'Bound by', value: ({ bound }) => bound },
      { name: 'runs', title: 'Runs', number: true, hint: 'in a call', value: ({ runs }) => runs, text: ({ runs }) => grouped(runs) },
      { name: 'flops', title: 'FLOP', number: true, hint: 'of all runs', value: ({ flops, runs }) => flops * runs, text: ({ flops, runs, site }) => el('span', { title: `${site.flops} a run` }, countText(flops * runs, '')) },
      { name: 'bytes', title: 'Bytes', number: true, hint: 'of all runs', value: ({ bytes, runs }) => bytes * runs, text: ({ bytes, runs, site }) => el('span', { title: `${site.bytes} a run` }, bytesText(bytes * runs)) },
    ];
    const isMeasured = rows.some(({ took }) => took);
    if (isMeasured) columns.splice(1, 0, ...this.measuredColumns(rows, calls));
    const lit = litSets(selection).sets;
    return sortableTable('Costs', columns, rows, 'costs', {
      sort: isMeasured ? '-measured' : '-expected',
      row: ({ site, number, expected }) => ({ class: String(number) === state.loop ? 'chosen' : lit.has(site.places) ? 'lit' : null, 'data-site': site.name, 'data-seconds': expected }),
    });
  },

  measuredColumns(rows, calls) {
    const all = rows.reduce((total, { took }) => total + (took ? took.seconds : 0), 0) || 1;
    const limitHint = calls ? 'the least time against the measured one; more than all of it: data came from a cache' : 'of the arithmetic, the cache or the memory that bounds it, as the profile found';
    return [
      { name: 'measured', title: 'Measured', number: true, hint: calls ? 'in a call' : 'in the whole run', value: ({ took }) => took ? took.seconds : 0, text: ({ took }) => took ? timeText(took.seconds) : '—' },
      { name: 'share', title: 'Share', number: true, value: ({ took }) => took ? took.seconds : 0, text: ({ took }) => took ? `${(took.seconds / all * 100).toFixed(1)}%` : '—' },
      { name: 'factor', title: 'Of limit', number: true, hint: limitHint, value: ({ took }) => took && took.limit || 0, text: ({ took }) => this.limitText(took) },
    ];
  },

  limitText(took) {
    if (!took || !took.bound || !(took.limit > 0)) return '—';
    return took.limit > 1.05 ? 'in cache' : `${(Math.min(took.limit, 1) * 100).toFixed(0)}% ${took.bound}`;
  },
};
