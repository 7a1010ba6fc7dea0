// The graph of a function, folded by block: a call opens to the block that it calls, a loop to its body.

const graphView = {
  name: 'graph',
  title: 'Graph',
  key: 'g',
  zoom: 1,

  render(container) {
    const stages = ['nn', 'nn-fused'].filter(name => facts.graphs[name]);
    if (!stages.length) {
      container.append(el('p.hint', {}, 'The module is past the stages that have a graph: nn and nn-fused.'));
      return;
    }
    const stage = stages.includes(state.graph) ? state.graph : stages[0];
    const functions = facts.graphs[stage];
    const shown = functions.find(({ name }) => name === state.fn) || functions.find(({ entry }) => entry) || functions[0];
    this.functions = new Map(functions.map(graph => [graph.name, graph]));
    this.openIds = new Set(state.open.split(',').filter(Boolean));
    this.lit = litSets(selection).sets;
    const picture = this.draw(shown);
    this.canvas = el('div.canvas', { tabindex: 0, role: 'group', 'aria-label': 'Graph: + and − for its size, 0 to fit', keydown: event => this.pressed(event), wheel: event => this.wheel(event) }, picture);
    container.append(
      el('div.bar', {},
        choice('stage', stages.map(name => [name, name === 'nn' ? 'nn, before fusion' : 'nn-fused, after']), stage, graph => setState({ graph, open: '' })),
        choice('of', functions.map(({ name, entry }) => [name, `${entry ? 'entry' : 'block'} ${name}`]), shown.name, fn => setState({ fn, open: '' })),
        el('button', { type: 'button', click: () => this.openAll(shown) }, 'Unfold all'),
        el('button', { type: 'button', click: () => setState({ open: 'none' }) }, 'Fold all'),
        el('button', { type: 'button', click: () => this.scale(1.25), 'aria-label': 'Larger' }, '+'),
        el('button', { type: 'button', click: () => this.scale(0.8), 'aria-label': 'Smaller' }, '−'),
        el('button', { type: 'button', click: () => this.fit() }, 'Fit'),
        el('span.hint', {}, `${this.count} ops`)),
      this.canvas);
    this.scale(1);
    this.drag();
  },

  openAll(graph) {
    const ids = [];
    const visit = (body, prefix, depth) => body.nodes.forEach((node, index) => {
      const id = `${prefix}.${index}`, inner = this.bodyOf(node);
      if (!inner || depth > 8) return;
      ids.push(id);
      visit(inner.body, id, depth + 1);
    });
    visit(graph.body, graph.name, 0);
    setState({ open: ids.slice(0, 60).join(',') });
  },

  /** What a loop runs, with the values around it, or the block that is called, with its own. */
  bodyOf(node, values) {
    if (node.body) return { body: node.body, values };
    const callee = node.callee && this.functions.get(node.callee);
    return callee ? { body: callee.body, values: callee.values } : null;
  },

  /** Loops are open until something is folded or unfolded. */
  isOpen(node, id) {
    return this.openIds.has(id) || (node.op === 'for' && !this.openIds.size);
  },

  toggle(id, isOpen) {
    const ids = new Set(this.openIds.size ? this.openIds : this.shownOpen);
    ids.delete('none');
    if (isOpen) ids.delete(id);
    else ids.add(id);
    setState({ open: [...ids].join(',') || 'none' });
  },

  draw(graph) {
    this.count = 0;
    this.shownOpen = [];
    const { width, height, content } = this.body(graph.body, graph.values, graph.name);
    this.size = { width: width + 40, height: height + 40 };
    const arrow = svg('marker#arrow', { viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto' }, svg('path.head', { d: 'M0 0 L8 4 L0 8 z' }));
    return svg('svg', { viewBox: `-20 -20 ${this.size.width} ${this.size.height}`, role: 'group', 'aria-label': `Graph of ${graph.name}` }, svg('defs', {}, arrow), content);
  },

  /** A body's nodes, what enters above them and what leaves below. */
  body(body, values, id) {
    const nodes = [], producers = new Map(), edges = [];
    const add = node => nodes.push(node) - 1;
    const read = (value, to) => {
      if (producers.has(value)) edges.push({ from: producers.get(value), to, value });
    };
    for (const value of body.in) producers.set(value, add(this.port(values[value], 'in')));
    body.nodes.forEach((node, index) => {
      const at = add(this.box(node, values, `${id}.${index}`));
      for (const value of new Set(node.in)) read(value, at);
      for (const value of node.out) producers.set(value, at);
    });
    for (const value of body.out) read(value, add(this.port(values[value], 'out')));
    if (!nodes.length) return { width: 40, height: 20, content: svg('g', {}) };
    const size = layoutGraph(nodes, edges);
    const named = new Set();
    const lines = edges.map(edge => this.edge(edge, values[edge.value], named));
    const shapes = nodes.map(node => svg('g', { transform: `translate(${node.x - node.width / 2} ${node.y - node.height / 2})` }, node.shape));
    return { ...size, content: svg('g', {}, lines, shapes) };
  },

  /** The axes stand at the first edge of a value. */
  edge({ points, value }, [name, axes, type], named) {
    let x = points[0].x, y = points[0].y + points[0].height / 2, path = `M${x} ${y}`;
    const label = { x: (x + points[1].x) / 2 + 4, y: (y + points[1].y - points[1].height / 2) / 2 + 3 };
    for (const point of points.slice(1)) {
      const top = point.y - point.height / 2, middle = (y + top) / 2;
      path += ` C${x} ${middle} ${point.x} ${middle} ${point.x} ${top}`;
      x = point.x;
      y = top;
    }
    const isNew = !named.has(value);
    named.add(value);
    return svg('g', {}, svg('path.edge', { d: path, 'marker-end': 'url(#arrow)' }, svg('title', {}, `${name} [${axes}] ${type}`)), isNew ? svg('text.axes', label, axes) : null);
  },

  port([name, axes, type], kind) {
    const text = name.replace(/^%/, ''), width = Math.max(text.length * 7 + 18, 34), height = 22;
    const shape = svg('g.port.' + kind, {}, svg('title', {}, `${name} [${axes}] ${type}`), svg('rect', { width, height, rx: 11 }), svg('text', { x: width / 2, y: 15 }, text));
    return { width, height, shape };
  },

  details(node) {
    const short = path => path.length > 40 ? '…' + path.slice(-39) : path;
    const weights = node.weights || [];
    const details = [];
    if (node.at) details.push(short(node.callee ? `at ${node.at}` : node.at));
    if (node.state) details.push(short(node.state));
    for (const weight of weights.slice(0, 4)) details.push(short(weight.replace(/\.weight$/, '')));
    if (weights.length > 4) details.push(`… ${weights.length - 4} more`);
    if (node.then) details.push(short('then ' + node.then.slice(0, 4).join(', ')));
    if (node.where) details.push(short('where ' + node.where.slice(0, 4).join(', ')));
    return details;
  },

  box(node, values, id) {
    ++this.count;
    const inner = this.bodyOf(node, values);
    const isOpen = inner && this.isOpen(node, id);
    if (isOpen) this.shownOpen.push(id);
    const content = isOpen ? this.body(inner.body, inner.values, id) : null;
    const title = node.turns ? `${node.op} ${node.turns}` : node.callee || node.op, details = this.details(node);
    const head = 24 + details.length * 14;
    const width = Math.max(title.length * 8 + (inner ? 40 : 20), ...details.map(text => text.length * 6.4 + 20), content ? content.width + 24 : 0);
    const height = head + (content ? content.height + 20 : 4);
    const kind = inner ? 'compound' : node.then ? 'fused' : node.weights ? 'weighted' : 'plain';
    const shape = svg('g.node.' + kind, { tabindex: 0, role: 'button', 'aria-label': [title, ...details].join(', '), 'data-op': node.op, ...this.actions(node, inner, id, isOpen) },
      svg('title', {}, this.tooltip(node, values)),
      svg('rect', { width, height, rx: 6 }),
      svg('text.op', { x: 10, y: 17 }, title),
      details.map((text, row) => svg('text.detail', { x: 10, y: 33 + row * 14 }, text)),
      inner ? this.foldMark(width, id, isOpen) : null,
      content ? svg('g', { transform: `translate(${(width - content.width) / 2} ${head + 8})` }, content.content) : null);
    shape.classList.toggle('lit', this.lit.has(node.places));
    return { width, height, shape };
  },

  foldMark(width, id, isOpen) {
    const click = event => {
      event.stopPropagation();
      this.toggle(id, isOpen);
    };
    return svg('g.fold', { transform: `translate(${width - 24} 4)`, click }, svg('rect', { width: 18, height: 18, rx: 4 }), svg('text', { x: 9, y: 14 }, isOpen ? '−' : '+'));
  },

  actions(node, inner, id, isOpen) {
    const select = event => {
      event.stopPropagation();
      event.preventDefault();
      const [place] = facts.places[node.places];
      if (place) selectLine(place);
    };
    const keydown = event => {
      if (event.key === 'Enter') select(event);
      if (event.key !== ' ' || !inner) return;
      event.preventDefault();
      event.stopPropagation();
      this.toggle(id, isOpen);
    };
    return { click: select, keydown };
  },

  tooltip(node, values) {
    const parts = [node.op, ...node.out.map(value => `→ ${values[value][0]} [${values[value][1]}] ${values[value][2]}`), ...(node.weights || [])];
    const site = node.site === undefined ? null : facts.sites[node.site];
    if (site) parts.push(`${site.flops} flops, ${site.bytes} bytes, in ${site.arithmetic}`);
    return parts.join('\n');
  },

  //===--- Looking around ---------------------------------------------------===//

  scale(factor) {
    this.zoom = Math.min(Math.max(this.zoom * factor, 0.1), 4);
    const picture = this.canvas.firstChild;
    picture.setAttribute('width', this.size.width * this.zoom);
    picture.setAttribute('height', this.size.height * this.zoom);
  },

  fit() {
    this.scale(Math.min(this.canvas.clientWidth / this.size.width, this.canvas.clientHeight / this.size.height, 1) / this.zoom);
  },

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.scale(event.deltaY < 0 ? 1.1 : 1 / 1.1);
  },

  pressed(event) {
    if (event.key === '+' || event.key === '=') this.scale(1.25);
    else if (event.key === '-') this.scale(0.8);
    else if (event.key === '0') this.fit();
    else return;
    event.preventDefault();
  },

  drag() {
    let from = null;
    this.canvas.addEventListener('pointerdown', event => { from = { x: event.clientX + this.canvas.scrollLeft, y: event.clientY + this.canvas.scrollTop }; });
    this.canvas.addEventListener('pointermove', event => {
      if (!from || !event.buttons) return;
      this.canvas.scrollLeft = from.x - event.clientX;
      this.canvas.scrollTop = from.y - event.clientY;
    });
    this.canvas.addEventListener('pointerup', () => { from = null; });
  },
};
