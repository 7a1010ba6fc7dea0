// Graphs in layers: a node lies below all that it reads (longest path). Within a layer nodes are ordered by the mean of their
// neighbours, up and down in turn, so that few edges cross (Sugiyama, Tagawa and Toda 1981). An edge over several layers goes through
// points of its own, which take part in that.

const layerGap = 46, nodeGap = 22;

/** `nodes` have width and height, `edges` are {from, to} by index. Sets x and y, the middle of each node, and the points of each edge;
 * returns {width, height}. */
function layoutGraph(nodes, edges) {
  const layer = longestPaths(nodes.length, edges);
  const cells = nodes.map((node, index) => ({ layer: layer[index], width: node.width, height: node.height, up: [], down: [] }));
  const own = [...cells];
  const chains = edges.map(edge => chainOf(edge, cells, own));
  const layers = Array.from({ length: Math.max(...layer) + 1 }, () => []);
  for (const cell of cells) layers[cell.layer].push(cell);
  orderLayers(layers);
  const size = placeLayers(layers);
  edges.forEach((edge, index) => { edge.points = chains[index].map(({ x, y, height }) => ({ x, y, height })); });
  nodes.forEach((node, index) => { ({ x: node.x, y: node.y } = own[index]); });
  return size;
}

function longestPaths(count, edges) {
  const layer = new Array(count).fill(0), waits = new Array(count).fill(0), below = Array.from({ length: count }, () => []);
  for (const { from, to } of edges) {
    ++waits[to];
    below[from].push(to);
  }
  const ready = [...waits.keys()].filter(index => !waits[index]);
  for (let i = 0; i < ready.length; ++i)
    for (const next of below[ready[i]]) {
      layer[next] = Math.max(layer[next], layer[ready[i]] + 1);
      if (--waits[next] === 0) ready.push(next);
    }
  return layer;
}

/** The cells that an edge goes through, with a point in each layer that it passes. */
function chainOf({ from, to }, cells, own) {
  const chain = [own[from]];
  for (let layer = own[from].layer + 1; layer < own[to].layer; ++layer) {
    const point = { layer, width: 6, height: 0, up: [], down: [] };
    cells.push(point);
    chain.push(point);
  }
  chain.push(own[to]);
  for (let i = 1; i < chain.length; ++i) {
    chain[i - 1].down.push(chain[i]);
    chain[i].up.push(chain[i - 1]);
  }
  return chain;
}

function orderLayers(layers) {
  const number = layer => layer.forEach((cell, index) => { cell.order = layer.length > 1 ? index / (layer.length - 1) : 0.5; });
  layers.forEach(number);
  for (let sweep = 0; sweep < 8; ++sweep) {
    const side = sweep % 2 ? 'down' : 'up';
    for (const layer of sweep % 2 ? [...layers].reverse() : layers) {
      for (const cell of layer) {
        const others = cell[side];
        cell.wish = others.length ? others.reduce((sum, other) => sum + other.order, 0) / others.length : cell.order;
      }
      layer.sort((a, b) => a.wish - b.wish || a.order - b.order);
      number(layer);
    }
  }
}

/** Cells of a layer stand beside each other; each then moves towards the middle of its neighbours as far as it can. */
function placeLayers(layers) {
  let y = 0;
  for (const layer of layers) {
    const height = Math.max(0, ...layer.map(cell => cell.height));
    const width = layer.reduce((sum, cell) => sum + cell.width + nodeGap, -nodeGap);
    let x = -width / 2;
    for (const cell of layer) {
      cell.x = x + cell.width / 2;
      cell.y = y + height / 2;
      x += cell.width + nodeGap;
    }
    y += height + layerGap;
  }
  for (let sweep = 0; sweep < 12; ++sweep)
    for (const layer of sweep % 2 ? [...layers].reverse() : layers) straighten(layer, sweep % 2 ? 'down' : 'up');
  const cells = layers.flat();
  const left = Math.min(...cells.map(cell => cell.x - cell.width / 2)), right = Math.max(...cells.map(cell => cell.x + cell.width / 2));
  for (const cell of cells) cell.x -= left;
  return { width: right - left, height: y - layerGap };
}

const leftOf = group => group.sum / group.cells.length;

/** Wished places, kept apart: where cells would overlap, they become a group that stands where its members wish on the mean. */
function straighten(layer, side) {
  const groups = [];
  for (const cell of layer) {
    const others = cell[side];
    const wish = others.length ? others.reduce((sum, other) => sum + other.x, 0) / others.length : cell.x;
    // The sum, over the members, of where the group's left edge would have to be for each to have its wish.
    groups.push({ cells: [cell], width: cell.width, sum: wish - cell.width / 2 });
    while (groups.length > 1 && leftOf(groups.at(-2)) + groups.at(-2).width + nodeGap > leftOf(groups.at(-1))) {
      const last = groups.pop(), group = groups.at(-1);
      group.sum += last.sum - last.cells.length * (group.width + nodeGap);
      group.width += nodeGap + last.width;
      group.cells.push(...last.cells);
    }
  }
  for (const group of groups) {
    let x = leftOf(group);
    for (const cell of group.cells) {
      cell.x = x + cell.width / 2;
      x += cell.width + nodeGap;
    }
  }
}
