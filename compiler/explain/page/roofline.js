// The roofline (Williams, Waterman and Patterson 2009): what an op can reach by its work for each byte, and what it reached.

const roofline = {
  width: 620,
  height: 300,
  left: 60,
  bottom: 34,
  top: 24,

  /** Decades that hold all points, and where in the picture a number lies. */
  scales(points, limits) {
    const took = points.filter(({ took }) => took && took.seconds > 0).map(({ took }) => ({ intensity: took.flops / (took.bytes || 1), speed: took.flops / took.seconds / 1e9 }));
    const intensities = [...points.map(({ flops, bytes }) => flops / bytes), ...took.map(({ intensity }) => intensity), limits.f32 / limits.memory].filter(number => number > 0);
    const from = Math.floor(Math.log10(Math.min(...intensities)) - 0.2), to = Math.ceil(Math.log10(Math.max(...intensities)) + 0.2);
    const highest = Math.ceil(Math.log10(Math.max(limits.f32, limits.bf16, limits.i8)) + 0.1);
    const slowest = Math.min(limits.memory * 10 ** from, ...took.map(({ speed }) => speed).filter(number => number > 0));
    const lowest = Math.max(Math.min(Math.floor(Math.log10(slowest)), highest - 2), highest - 7);
    const { width, height, left, bottom, top } = this;
    return {
      from, to, highest, lowest,
      x: intensity => left + (Math.log10(intensity) - from) / (to - from) * (width - left - 12),
      y: speed => top + (highest - Math.log10(Math.max(speed, 10 ** lowest))) / (highest - lowest) * (height - top - bottom),
    };
  },

  grid({ from, to, highest, lowest, x, y }) {
    const { width, height, left, bottom, top } = this;
    const power = exponent => [...String(exponent)].map(char => '⁰¹²³⁴⁵⁶⁷⁸⁹'[char] || '⁻').join('');
    const ticks = [];
    for (let i = from; i <= to; ++i) ticks.push(svg('line.grid', { x1: x(10 ** i), x2: x(10 ** i), y1: top, y2: height - bottom }), svg('text.tick.middle', { x: x(10 ** i), y: height - bottom + 14 }, `10${power(i)}`));
    for (let i = lowest; i <= highest; ++i) ticks.push(svg('line.grid', { x1: left, x2: width - 12, y1: y(10 ** i), y2: y(10 ** i) }), svg('text.tick', { x: left - 6, y: y(10 ** i) + 4 }, `10${power(i)}`));
    return ticks;
  },

  roofs(points, limits, { from, x, y }) {
    const used = new Set(points.map(({ site }) => site.arithmetic));
    return ['f32', 'bf16', 'i8'].filter(name => used.has(name)).map(name => {
      const corner = Math.max(limits[name] / limits.memory, 10 ** from), end = this.width - 12;
      const slope = Math.min(limits[name], 10 ** from * limits.memory);
      return svg('g', {}, svg('path.roof', { d: `M${x(10 ** from)} ${y(slope)} L${x(corner)} ${y(limits[name])} L${end} ${y(limits[name])}` }),
        svg('text.tick.end', { x: end - 2, y: y(limits[name]) - 5 }, `${name} ${countText(limits[name] * 1e9, 'FLOP/s')}`));
    });
  },

  point({ site, flops, bytes, expected, took, number }, longest, limits, { x, y }) {
    const intensity = flops / bytes, limit = limits[site.arithmetic] || limits.f32, speed = Math.min(limit, intensity * limits.memory);
    const got = took && took.seconds > 0 && took.flops > 0 ? took.flops / took.seconds / 1e9 : 0;
    const title = `${site.name}\n${intensity.toPrecision(3)} FLOP a byte, at least ${timeText(expected)}` + (got ? `, measured ${timeText(took.seconds)}` : '');
    return svg('g.point', { click: () => costsView.choose(site, number), class: String(number) === state.loop ? 'point chosen' : 'point' }, svg('title', {}, title),
      svg('circle', { cx: x(intensity), cy: y(speed), r: 3 + 9 * Math.sqrt(expected / longest) }),
      got ? svg('circle.measured', { cx: x(took.flops / (took.bytes || 1)), cy: y(got), r: 4 }) : null);
  },

  draw(rows, limits) {
    const points = rows.filter(({ flops, bytes, runs }) => flops > 0 && bytes > 0 && runs > 0);
    if (!points.length) return el('p.hint', {}, 'No op multiplies anything here.');
    const { width, height, left } = this, scales = this.scales(points, limits);
    const longest = Math.max(...points.map(({ expected }) => expected), 1e-30);
    const isMeasured = points.some(({ took }) => took);
    return el('figure', {},
      el('div.scroll', {}, svg('svg.chart.roofline', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': `Roofline of ${points.length} ops` },
        this.grid(scales), this.roofs(points, limits, scales), points.map(row => this.point(row, longest, limits, scales)),
        svg('text.tick.middle', { x: (left + width) / 2, y: height - 4 }, 'FLOP a byte'), svg('text.tick.start', { x: 4, y: 12 }, 'GFLOP/s'))),
      el('figcaption.hint', {}, 'A circle is an op at the best that the limits allow, as large as the time it takes then' + (isMeasured ? '; filled ones are measured.' : '.')));
  },
};
