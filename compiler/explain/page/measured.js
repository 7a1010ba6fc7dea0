// What a profile has measured: of the whole run, or of those of its calls that are alike.

const measured = {
  isThere: () => Boolean(facts.profile),

  /** The calls that took longest: with their sizes a page of a profile opens. */
  longest: () => facts.measured.reduce((most, calls) => !most || calls.seconds > most.seconds ? calls : most, null),

  isGrowing: name => facts.sizes.some(size => size.name === name && size.grows),

  /** How far the sizes of calls are from these; infinite: not alike. */
  distance(calls, values) {
    let sum = 0;
    for (const [name, least] of Object.entries(calls.sizes)) {
      const value = values[name];
      if (value === undefined || (value >= least && value <= calls.until[name])) continue;
      if (!this.isGrowing(name)) return Infinity;
      sum += value < least ? least - value : value - calls.until[name];
    }
    return sum;
  },

  /** The calls that are most like one of these sizes; null: none is, or all of the run is asked for. */
  callsLike(entry, values) {
    if (state.run === 'whole') return null;
    const near = facts.measured.filter(calls => calls.entry === entry).map(calls => ({ calls, away: this.distance(calls, values) }));
    const best = near.reduce((best, other) => !best || other.away < best.away ? other : best, null);
    return best && best.away < Infinity ? best.calls : null;
  },

  sizesText: calls => facts.sizes.map(({ name }) => [name, calls.sizes[name], calls.until[name]]).filter(([, least]) => least !== undefined)
    .map(([name, least, most]) => `${name}\u00a0${grouped(least)}${most > least ? `…${grouped(most)}` : ''}`).join(', '),

  text(calls) {
    return `${grouped(calls.runs)} call${calls.runs === 1 ? '' : 's'} of ${calls.entry}` + (Object.keys(calls.sizes).length ? ` with ${this.sizesText(calls)}` : '');
  },

  /** What a site took: in a call like these, or in the whole run. */
  bySite(calls) {
    if (calls) return new Map(calls.sites.map(([number, runs, seconds]) => [facts.sites[number].name, { runs, seconds: seconds / calls.runs }]));
    return new Map(facts.profile.sites.map(site => [site.name, site]));
  },

  /** Whether what is shown is measured. Of sizes that no call had, nothing is. */
  isShown: calls => Boolean(calls) || state.run === 'whole' || !facts.measured.length,

  choice(calls) {
    const order = [...facts.measured].sort((a, b) => a.entry < b.entry ? -1 : a.entry > b.entry ? 1 : b.seconds - a.seconds);
    const options = [['whole', 'the whole run'], ...order.map(other => [String(facts.measured.indexOf(other)), `${this.text(other)}: ${timeText(other.seconds)}`])];
    if (!this.isShown(calls)) options.unshift(['', 'no call of these sizes']);
    const selected = state.run === 'whole' || !facts.measured.length ? 'whole' : calls ? String(facts.measured.indexOf(calls)) : '';
    return choice('measured in', options, selected, value => {
      if (value === 'whole' || value === '') return setState({ run: value });
      const { entry, until } = facts.measured[Number(value)];
      setState({ run: '', entry, ...until });
    });
  },
};
