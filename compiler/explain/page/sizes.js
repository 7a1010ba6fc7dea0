'use strict';
// Size expressions, exactly: the text that dialects/nn/SizeExpr.h writes, such as `12*B*T+64/3*S-1`, is a sum of terms, each a
// product of a fraction and powers of names.

function parseSize(text) {
  let at = 0;
  const peek = () => text[at];
  const accept = char => peek() === char && (at++, true);
  const number = () => {
    const found = /^\d+/.exec(text.slice(at));
    if (!found) throw new Error(`found ${text.slice(at)} in ${text}, needed a number`);
    at += found[0].length;
    return BigInt(found[0]);
  };
  const term = negative => {
    const result = { above: negative ? -1n : 1n, below: 1n, powers: new Map() };
    let divides = false;
    do {
      const name = /^[A-Za-z_]\w*/.exec(text.slice(at));
      if (name) {
        at += name[0].length;
        const power = accept('^') ? Number(number()) : 1;
        result.powers.set(name[0], (result.powers.get(name[0]) || 0) + (divides ? -power : power));
      } else if (divides) {
        result.below *= number();
      } else {
        result.above *= number();
      }
      divides = peek() === '/';
    } while (accept('*') || accept('/'));
    return result;
  };
  const terms = [term(accept('-'))];
  while (at < text.length) {
    const negative = peek() === '-';
    if (!accept('+') && !accept('-')) throw new Error(`found ${text.slice(at)} in ${text}, needed a sum`);
    terms.push(term(negative));
  }
  return terms;
}

const parsedSizes = new Map();

/** The value as a fraction [above, below]; null where a name has no value. */
function sizeFraction(text, values) {
  if (!parsedSizes.has(text)) parsedSizes.set(text, parseSize(text));
  let above = 0n, below = 1n;
  for (const term of parsedSizes.get(text)) {
    let a = term.above, b = term.below;
    for (const [name, power] of term.powers) {
      if (values[name] === undefined) return null;
      const factor = BigInt(values[name]) ** BigInt(Math.abs(power));
      if (power > 0) a *= factor;
      else b *= factor;
    }
    if (b === 0n) return null;
    above = above * b + a * below;
    below *= b;
  }
  return [above, below];
}

/** A whole number as a BigInt, rounded up where it is none; null where it cannot be told. */
function sizeValue(text, values) {
  const fraction = sizeFraction(text, values);
  if (!fraction) return null;
  const [above, below] = fraction;
  return above >= 0n ? (above + below - 1n) / below : above / below;
}

/** As a number, for charts. */
function sizeNumber(text, values) {
  const value = sizeValue(text, values);
  return value === null ? 0 : Number(value);
}
