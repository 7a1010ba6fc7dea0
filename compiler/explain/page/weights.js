// Weights by kind, layer and type. A kind is a path without the numbers in it: a product's in all layers.

const kindOf = path => path.replace(/(^|\.)\d+(?=\.|$)/g, '$1*');
/** Of several in one, what the others differ in: `mlp.gate_proj + up_proj`. */
function kindOfParts(parts) {
  const [first, ...others] = parts.map(([path]) => kindOf(path).replace(/\.weight$/, ''));
  const common = first.slice(0, first.lastIndexOf('.') + 1);
  return [first, ...others.map(path => path.startsWith(common) ? path.slice(common.length) : path)].join(' + ');
}
const layerOf = path => {
  const found = /(?:^|\.)(\d+)(?:\.|$)/.exec(path);
  return found ? Number(found[1]) : null;
};

const weightsView = {
  name: 'weights',
  title: 'Weights',
  key: 'w',

  render(container) {
    const tensors = facts.weights.map(tensor => ({ ...tensor, path: tensor.parts.map(([path]) => path).join(' + '), first: tensor.parts[0][0], count: tensor.parts.reduce((sum, [, shape]) => sum + shape.reduce((product, size) => product * size, 1), 0) }));
    const bytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0), count = tensors.reduce((sum, tensor) => sum + tensor.count, 0);
    if (!tensors.length) {
      container.append(el('p.hint', {}, 'This program reads no weights.'));
      return;
    }
    container.append(el('p#weights-total', { 'data-bytes': bytes, 'data-count': count }, `${grouped(count)} weights in ${grouped(tensors.length)} tensors take ${bytesText(bytes)}: ${(bytes * 8 / count).toFixed(2)} bits a weight.`));
    container.append(el('div.charts', {},
      this.bars('By type', tensors, ({ type }) => type), this.bars('By kind', tensors, ({ parts }) => kindOfParts(parts)),
      this.bars('By layer', tensors, ({ first }) => layerOf(first) === null ? 'no layer' : String(layerOf(first)), true)));
    container.append(this.table(tensors));
  },

  bars(title, tensors, keyOf, inOrder) {
    const sums = new Map();
    for (const tensor of tensors) sums.set(keyOf(tensor), (sums.get(keyOf(tensor)) || 0) + tensor.bytes);
    const rows = [...sums];
    if (inOrder) rows.sort(([a], [b]) => (parseInt(a, 10) || 0) - (parseInt(b, 10) || 0));
    else rows.sort(([, a], [, b]) => b - a);
    const most = Math.max(...rows.map(([, sum]) => sum));
    return el('section.bars', {}, el('h2', {}, title), el('div.scroll', {}, el('table', { 'aria-label': title }, el('tbody', {}, rows.map(([key, sum]) =>
      el('tr', {}, el('th', { scope: 'row' }, key), el('td.wide', {}, bar(sum / most)), el('td.number', {}, bytesText(sum))))))));
  },

  table(tensors) {
    const columns = [
      { name: 'path', title: 'Tensor', value: ({ path }) => path.replace(/\d+/g, number => number.padStart(4, '0')), text: ({ path }) => path },
      { name: 'shape', title: 'Shape', value: ({ count }) => count, text: ({ parts }) => parts.map(([, shape, axes]) => `${shape.join('×')} (${axes})`).join(' + ') },
      { name: 'type', title: 'Type', value: ({ type }) => type },
      { name: 'layout', title: 'Lies as', value: ({ layout }) => layout, text: ({ layout }) => el('code', {}, layout) },
      { name: 'bytes', title: 'Bytes', number: true, value: ({ bytes }) => bytes, text: ({ bytes }) => bytesText(bytes) },
      { name: 'bits', title: 'Bits a weight', number: true, value: ({ bytes, count }) => bytes * 8 / count, text: ({ bytes, count }) => (bytes * 8 / count).toFixed(2) },
      { name: 'place', title: 'Named at', value: ({ parts }) => parts[0][3], text: ({ parts }) => this.place(parts[0][3]) },
    ];
    return sortableTable('Weights', columns, tensors, 'sort', { sort: '-bytes' });
  },

  place(at) {
    const found = /([^/]*:\d+):\d+$/.exec(at);
    return found && parseSelection(found[1]) ? el('button.link.place', { type: 'button', click: () => setState({ line: found[1] }) }, found[1]) : at;
  },
};
