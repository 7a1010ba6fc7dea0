// What needs memory: weights, what a session keeps, and the arena of a call, whose places are drawn over time.

const memoryView = {
  name: 'memory',
  title: 'Memory',
  key: 'm',

  render(container) {
    const values = sizeValues();
    container.append(sizeSliders(), this.overview(values));
    const plans = facts.memory;
    if (plans.length) {
      const longest = plans.reduce((most, plan) => plan.steps.length > most.steps.length ? plan : most);
      const plan = plans.find(({ name }) => name === state.fn) || longest;
      container.append(
        el('h2', {}, 'Places of the arena over time'),
        el('div.bar', {}, choice('of', plans.map(({ name, entry }) => [name, `${entry ? 'entry' : 'block'} ${name}`]), plan.name, fn => setState({ fn }))),
        this.chart(plan, values), this.largest(plan, values));
    }
    if (facts.caches.length) container.append(el('h2', {}, 'What a session keeps of each row'), this.caches(values));
  },

  /** Bytes of a row's caches: all positions, or those of a window and of the call. */
  cacheBytes(cache, values) {
    const length = name => BigInt(values[name] === undefined ? 1 : values[name]);
    if (!cache.size) return BigInt(cache.bytes);
    const grows = (facts.sizes.find(({ name }) => name === cache.size) || {}).grows;
    const ring = cache.window && grows ? length(grows) + BigInt(cache.window - 1) : null;
    const positions = ring !== null && ring < length(cache.size) ? ring : length(cache.size);
    return BigInt(cache.bytes) * positions;
  },

  overview(values) {
    const weights = facts.weights.reduce((sum, { bytes }) => sum + BigInt(bytes), 0n);
    const kept = facts.caches.reduce((sum, cache) => sum + this.cacheBytes(cache, values), 0n);
    const rows = [{ name: 'weights', what: 'mapped from the program, shared by all that run it', bytes: weights, text: '' }];
    if (facts.caches.length) rows.push({ name: 'session', what: 'caches and states, a row', bytes: kept, text: '' });
    for (const { name, arena } of facts.entries) rows.push({ name: `arena of ${name}`, what: 'while a call runs', bytes: sizeValue(arena, values), text: arena });
    const most = rows.reduce((most, { bytes }) => bytes > most ? bytes : most, 1n);
    const body = rows.map(({ name, what, bytes, text }) => el('tr', { 'data-name': name, 'data-bytes': bytes === null ? '' : bytes },
      el('th.place', { scope: 'row' }, name), el('td.what', {}, what),
      el('td.number', { title: bytes === null ? '' : `${grouped(bytes)} bytes` }, bytes === null ? '?' : bytesText(bytes)),
      el('td.wide', {}, bar(Number(bytes || 0n) / Number(most))),
      el('td', {}, el('code.polynomial', {}, text ? text + ' bytes' : ''))));
    return el('div.scroll', {}, el('table#overview', { 'aria-label': 'Memory' }, el('tbody', {}, body)),
      el('p.hint', {}, 'All rows have the same lengths here; of rows that differ, products of sizes are sums over the rows.'));
  },

  /** Buffers lie on each other as high as they are large; a bar is what lies there from one step to another. */
  chart(plan, values) {
    const heights = plan.buffers.map(text => sizeNumber(text, values));
    const total = heights.reduce((sum, height) => sum + height, 0);
    const ofCallee = name => sizeNumber((facts.memory.find(other => other.name === name) || { arena: '0' }).arena, values);
    const calls = plan.calls.map(([step, callee]) => ({ step, callee, bytes: ofCallee(callee) }));
    const whole = Math.max(total + Math.max(0, ...calls.map(({ bytes }) => bytes)), 1);
    const width = 900, height = 340, left = 74, bottom = 22;
    const steps = Math.max(plan.steps.length, 1), step = (width - left) / steps;
    const y = bytes => height - bottom - bytes / whole * (height - bottom - 8);
    const bases = [];
    heights.reduce((sum, bytes, index) => (bases[index] = sum, sum + bytes), 0);
    const lit = litSets(selection).sets;
    const rectangle = (from, to, base, bytes, kind, title, places) => svg('rect.' + kind, {
      x: left + from * step, y: y(base + bytes), width: Math.max((to - from + 1) * step - 0.5, 0.8), height: Math.max(bytes / whole * (height - bottom - 8) - 0.5, 0.8),
      class: lit.has(places) ? `${kind} lit` : kind, click: () => { const [place] = facts.places[places] || []; if (place) selectLine(place); },
    }, svg('title', {}, title));
    const drawn = { carried: 0, value: 1, scratch: 2 };
    const bars = [...plan.bars].sort((a, b) => drawn[a[5]] - drawn[b[5]]).map(([buffer, from, to, name, bytes, kind]) =>
      rectangle(from, to, bases[buffer], heights[buffer], kind, `${name}: ${bytesText(sizeNumber(bytes, values))} = ${bytes} bytes\nbuffer ${buffer}, from ${plan.steps[from][0]} to ${plan.steps[to][0]}`, plan.steps[from][1]));
    const names = plan.bars.filter(([buffer, from, to, , , kind]) => kind === 'value' && (to - from + 1) * step > 60 && heights[buffer] / whole * height > 14).map(([buffer, from, , name]) =>
      svg('text.inbar', { x: left + from * step + 4, y: y(bases[buffer] + heights[buffer] / 2) + 3 }, name));
    const callees = calls.map(({ step: at, callee, bytes }) => rectangle(at, at, total, bytes, 'callee', `${callee}: ${bytesText(bytes)}`, plan.steps[at][1]));
    const marks = [0, 0.25, 0.5, 0.75, 1].map(share => svg('g', {}, svg('line.grid', { x1: left, x2: width, y1: y(share * whole), y2: y(share * whole) }), svg('text.tick', { x: left - 6, y: y(share * whole) + 4 }, bytesText(Math.round(share * whole)))));
    return el('div.scroll', {}, svg('svg.chart', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': `Arena of ${plan.name}: ${plan.buffers.length} buffers over ${plan.steps.length} steps` },
      marks, bars, callees, names, svg('text.tick.start', { x: left, y: height - 6 }, `${plan.steps.length} ops, in their order →`)),
    el('p.legend', {}, ...['value', 'scratch', 'carried', 'callee'].map(kind => el('span', {}, el('i.' + kind, {}), { value: 'a value', scratch: 'needed while an op runs', carried: 'carried by a loop', callee: 'of a block that is called' }[kind]))));
  },

  largest(plan, values) {
    const rows = plan.buffers.map((text, number) => ({ number, text, bytes: sizeNumber(text, values), names: [...new Set(plan.bars.filter(bar => bar[0] === number).map(bar => bar[3]))] }));
    const columns = [
      { name: 'buffer', title: 'Buffer', number: true, value: ({ number }) => number },
      { name: 'bytes', title: 'Bytes', number: true, value: ({ bytes }) => bytes, text: ({ bytes }) => bytesText(bytes) },
      { name: 'expression', title: 'As sizes', value: ({ text }) => text, text: ({ text }) => el('code', {}, text) },
      { name: 'holds', title: 'Holds in turn', value: ({ names }) => names.length, text: ({ names }) => names.slice(0, 8).join(', ') + (names.length > 8 ? ` … ${names.length - 8} more` : '') },
    ];
    return sortableTable('Buffers', columns, rows, 'sort', { sort: '-bytes' });
  },

  caches(values) {
    const columns = [
      { name: 'path', title: 'Path', value: ({ path }) => path },
      { name: 'position', title: 'Bytes a position', number: true, value: ({ bytes }) => bytes, text: ({ bytes }) => grouped(bytes) },
      { name: 'size', title: 'Positions', value: ({ size }) => size, text: ({ size, window: reach, state: isState }) => (size || 'one') + (reach ? `, within ${reach}` : '') + (isState ? ', a state' : '') },
      { name: 'total', title: 'Bytes now', number: true, value: cache => Number(this.cacheBytes(cache, values)), text: cache => bytesText(this.cacheBytes(cache, values)) },
    ];
    return sortableTable('Caches', columns, facts.caches, 'sort');
  },
};

/** A share of the longest, as a bar. */
function bar(share, kind = '') {
  const inner = el('i', { class: kind });
  inner.style.width = `${Math.max(Math.min(share, 1) * 100, 0.3)}%`;
  return el('span.share', { 'aria-hidden': 'true' }, inner);
}
