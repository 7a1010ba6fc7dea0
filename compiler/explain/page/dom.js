// Elements, and numbers as people read them.

/** el('div.name#id', {attributes}, children…); a function as an attribute listens. */
function el(kind, attributes, ...children) {
  return fill(document.createElement(kind.split(/[.#]/)[0]), kind, attributes, children);
}

function svg(kind, attributes, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', kind.split(/[.#]/)[0]), kind, attributes, children);
}

function fill(element, kind, attributes, children) {
  for (const part of kind.match(/[.#][^.#]+/g) || [])
    if (part[0] === '.') element.classList.add(part.slice(1));
    else element.id = part.slice(1);
  for (const [name, value] of Object.entries(attributes || {}))
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value === true ? '' : value);
  element.append(...children.flat().filter(child => child !== null && child !== undefined));
  return element;
}

const grouped = number => String(number).replace(/\B(?=(\d{3})+$)/g, '\u202f'); // a narrow space at which no line ends

function bytesText(bytes) {
  const number = Number(bytes);
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0, value = number;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) value /= 1024, ++unit;
  return unit === 0 ? `${number} B` : `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${units[unit]}`;
}

function countText(number, unit) {
  const names = ['', 'k', 'M', 'G', 'T', 'P'];
  let index = 0, value = Number(number);
  while (Math.abs(value) >= 1000 && index < names.length - 1) value /= 1000, ++index;
  const digits = value === 0 || (index === 0 && Number.isInteger(value)) ? 0 : value < 10 ? 2 : value < 100 ? 1 : 0;
  return `${value.toFixed(digits)} ${names[index]}${unit}`.trim();
}

function timeText(seconds) {
  if (seconds === 0) return '0';
  if (seconds < 1e-6) return `${(seconds * 1e9).toFixed(0)} ns`;
  if (seconds < 1e-3) return `${(seconds * 1e6).toFixed(seconds < 1e-5 ? 2 : 1)} µs`;
  return seconds < 1 ? `${(seconds * 1e3).toFixed(2)} ms` : `${seconds.toFixed(2)} s`;
}

/** A table that sorts by its columns: {name, title, value(row), text(row), number, fixed}. `state[key]` has the column, `-` before it for the
 * largest first. */
function sortableTable(label, columns, rows, key, options = {}) {
  const wanted = state[key] || options.sort || '';
  const column = columns.find(({ name }) => name === wanted.replace(/^-/, ''));
  const sorted = [...rows];
  if (column) {
    const sign = wanted[0] === '-' ? -1 : 1;
    sorted.sort((a, b) => {
      const x = column.value(a), y = column.value(b);
      return sign * (x < y ? -1 : x > y ? 1 : 0);
    });
  }
  const heads = columns.map(({ name, title, number, hint }) => {
    const isSorted = column && column.name === name;
    const descends = isSorted && wanted[0] === '-';
    const next = isSorted ? (descends ? name : '-' + name) : number ? '-' + name : name;
    return el(number ? 'th.number' : 'th', { 'aria-sort': isSorted ? (descends ? 'descending' : 'ascending') : 'none', scope: 'col' },
      el('button.plain', { type: 'button', title: hint, click: () => setState({ [key]: next }) }, title, isSorted ? (descends ? ' ↓' : ' ↑') : ''));
  });
  const body = sorted.map(row => {
    const cells = columns.map(({ text, value, number, fixed }) => el(number ? 'td.number' : fixed ? 'td.fixed' : 'td', {}, text ? text(row) : String(value(row))));
    return el('tr', options.row ? options.row(row) : {}, cells);
  });
  return el('div.scroll', {}, el('table', { 'aria-label': label }, el('thead', {}, el('tr', {}, heads)), el('tbody', {}, body)));
}

/** A button that leads to a line of the model. */
function placeLink(set, at) {
  const lines = facts.places[set] || [];
  if (!lines.length) return el('span', {}, at ? shortName(at) : '—');
  const found = /([^/]*):(\d+):\d+$/.exec(at || '');
  const place = (found && lines.find(({ file, line }) => shortName(facts.files[file].name) === found[1] && line === Number(found[2]))) || lines[0];
  return el('button.link.place', { type: 'button', click: () => selectLine(place) }, `${shortName(facts.files[place.file].name)}:${place.line}`);
}

function choice(label, values, selected, change) {
  const options = values.map(([value, text]) => el('option', { value, selected: value === selected }, text));
  return el('label', {}, label, ' ', el('select', { change: event => change(event.target.value) }, options));
}
