// What passes say of what they did, and did not do and why: `--remarks`.

const fusionsView = {
  name: 'fusions',
  title: 'Fusions',
  key: 'f',

  render(container) {
    const shown = facts.remarks.filter(({ made }) => state.show === '' || (state.show === 'made') === made);
    const count = made => facts.remarks.filter(remark => remark.made === made).length;
    container.append(
      el('div.bar', {}, choice('show', [['', `all ${facts.remarks.length}`], ['made', `made: ${count(true)}`], ['refused', `refused: ${count(false)}`]], state.show, show => setState({ show }))));
    if (!facts.remarks.length) {
      container.append(el('p.hint', {}, 'No pass had anything to say.'));
      return;
    }
    // Those of the line that is selected stand first.
    const lit = litSets(selection).sets;
    shown.sort((a, b) => lit.has(b.places) - lit.has(a.places));
    const columns = [
      { name: 'kind', title: 'What', value: ({ made }) => made ? 'made' : 'refused', text: ({ made }) => el('span', { class: made ? 'made' : 'refused' }, made ? '✓ made' : '✗ refused') },
      { name: 'place', title: 'Where', value: ({ at }) => at.replace(/\d+/g, number => number.padStart(6, '0')), text: ({ places, at }) => placeLink(places, at) },
      { name: 'text', title: 'What was done, or why not', value: ({ text }) => text },
      { name: 'pass', title: 'Pass', fixed: true, value: ({ pass }) => pass },
    ];
    container.append(sortableTable('Fusions', columns, shown, 'sort', { row: ({ places }) => ({ class: lit.has(places) ? 'lit' : null }) }));
  },
};
