// What is looked at. It lives in the address, behind #, so that a view can be sent: `#view=memory&T=2048&line=llama.heddle:37`.

const defaults = { view: 'text', stage: '', line: '', pass: '', graph: '', fn: '', open: '', entry: '', sort: '', costs: '', loop: '', run: '', theme: '', show: '' };
let state = { ...defaults };
let selection = null;

/** What `line` says: a line of a file of the model, or of a stage. */
function parseSelection(text) {
  const found = /^(.*):(\d+)$/.exec(text || '');
  if (!found) return null;
  const line = Number(found[2]);
  if (stageNamed(found[1])) return { stage: found[1], line };
  const file = facts.files.findIndex(({ name }) => name === found[1] || shortName(name) === found[1]);
  return file < 0 ? null : { file, line };
}

const selectionText = ({ stage, file, line }) => `${stage === undefined ? shortName(facts.files[file].name) : stage}:${line}`;

function readHash() {
  const words = new URLSearchParams(location.hash.slice(1));
  state = { ...defaults, ...Object.fromEntries(words) };
  if (!views.some(({ name }) => name === state.view)) state.view = 'text';
  if (!stageNamed(state.stage)) state.stage = (stageNamed('nn-fused') || facts.stages[0]).name;
  selection = parseSelection(state.line);
}

function writeHash() {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(state))
    if (value !== '' && value !== undefined && value !== defaults[name]) words.set(name, value);
  const hash = words.toString().replace(/%3A/g, ':').replace(/%2C/g, ',');
  history.replaceState(null, '', '#' + hash);
}

function setState(changes) {
  Object.assign(state, changes);
  selection = parseSelection(state.line);
  writeHash();
  render();
}

const selectLine = place => setState({ line: selectionText(place) });

//===--- Sizes ------------------------------------------------------------===//

function clampSize(size, value) {
  const steps = Math.round((Math.min(Math.max(value, size.min), size.max) - size.min) / size.step);
  return Math.min(size.min + steps * size.step, size.max);
}

/** The sizes known at run time, as they are set. Where nobody says otherwise they are those of the calls that took longest in the profile, or one
 * row of 128 positions. */
function sizeValues() {
  const values = {}, { until = {} } = measured.longest() || {};
  const isRows = name => facts.sizes.some(size => size.per === name);
  for (const size of facts.sizes) {
    const set = Number(state[size.name]), usual = until[size.name] || (isRows(size.name) || size.name === 'B' ? 1 : 128);
    values[size.name] = clampSize(size, state[size.name] !== undefined && Number.isFinite(set) ? set : usual);
  }
  // What a session has seen has what it sees now.
  for (const size of facts.sizes)
    if (size.grows && values[size.grows] !== undefined && values[size.name] < values[size.grows]) values[size.name] = clampSize(size, values[size.grows]);
  return values;
}

function sizeSliders() {
  const values = sizeValues();
  const sliders = facts.sizes.map(size => {
    const attributes = { min: size.min, max: size.max, step: size.step, value: values[size.name] };
    const change = event => setState({ [size.name]: clampSize(size, Number(event.target.value)) });
    return el('div.size', {},
      el('label', { for: 'size-' + size.name }, size.name),
      el('input#size-' + size.name, { type: 'range', ...attributes, change, input: event => { event.target.nextSibling.value = event.target.value; } }),
      el('input', { type: 'number', ...attributes, change, 'aria-label': `${size.name}, ${size.min} to ${size.max}` }),
      el('span.hint', {}, `${size.min}…${size.max}` + (size.per ? ` per ${size.per}` : '') + (size.grows ? `, all of ${size.grows} so far` : '')));
  });
  return el('div.sizes', { role: 'group', 'aria-label': 'Sizes' }, sliders.length ? sliders : el('p.hint', {}, 'All sizes are known when this is compiled.'));
}

const exactSize = (text, values) => {
  const value = sizeValue(text, values);
  return value === null ? '?' : value;
};
