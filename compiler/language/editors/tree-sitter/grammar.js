// Model files for tree-sitter: the grammar of REFERENCE.md. Line breaks are white space here: where a statement can end, what
// follows it on the next line cannot go on with it.

const PREC = {where: 1, or: 2, and: 3, not: 4, compare: 5, add: 6, multiply: 7, negate: 8, power: 9, postfix: 10};

const list = (rule) => seq(rule, repeat(seq(",", rule)));
const listWithEnd = (rule) => seq(list(rule), optional(","));
const groups = (rule) => seq(rule, repeat(seq("|", rule)));

module.exports = grammar({
  name: "heddle",
  word: ($) => $.name,
  extras: ($) => [/\s/, $.comment],
  // Whether an argument is an expression or a pattern shows at its end; `N+2` alone is an expression.
  conflicts: ($) => [[$._axis, $._operation]],

  rules: {
    file: ($) => repeat($._declaration),
    comment: () => token(seq("#", /[^\n]*/)),

    // Declarations

    _declaration: ($) =>
      choice($.model, $.import, $.config, $.dyn, $.tokenizer, $.state, $.default, $.weights, $.drop, $.function, $.generate),
    model: ($) => seq("model", field("name", $.name), optional(seq("for", list($.string)))),
    import: ($) => seq("import", $.string),
    config: ($) => seq("config", "{", repeat(choice($.field, $.assume, $.ignored)), "}"),
    field: ($) => seq(field("name", choice($.name, $.size)), "=", groups($._expression)),
    assume: ($) => seq("assume", $.key, "in", list($._expression)),
    ignored: ($) => seq("ignore", list($.key)),
    dyn: ($) =>
      seq("dyn", field("name", $.size),
        choice(seq("=", $.size),
          seq("in", $._expression, "..", $._expression, optional(seq("step", $._expression)), optional(seq("per", $.size))))),
    tokenizer: ($) => seq("tokenizer", $.size),
    state: ($) => seq("state", field("name", $.name), ":", $.type),
    default: ($) => seq("default", field("operation", $.name), "(", list($.option), ")"),
    weights: ($) => seq("weights", "{", repeat($.rule), "}"),
    rule: ($) =>
      choice(
        seq("prefix", $.string, optional("optional")),
        seq("rename", $.string, "->", $.string),
        seq("ignore", list($.string)),
        seq("same", $.string, "as", $.string),
        seq("split", $.string, "->", groups($.string)),
        seq("keep", alias($.name, $.element), list($.string))),
    generate: ($) => seq("generate", list(alias($.name, $.function_name))),
    drop: ($) => seq("drop", choice("block", "entry"), list(alias($.name, $.function_name))),
    function: ($) =>
      seq(optional("override"), choice("block", "entry"), field("name", alias($.name, $.function_name)),
        "(", optional(listWithEnd($.parameter)), ")",
        optional(seq("->", list($.type))), optional(seq("when", $._expression)), $.body),
    parameter: ($) =>
      choice(seq(field("name", $.name), optional(seq(":", $.type)), optional(seq("=", $._expression))), $.size),

    // Statements

    body: ($) => seq("{", repeat($._statement), "}"),
    _statement: ($) => choice($.assignment, $.return, $.yield, $.for, $.scan, $.if),
    assignment: ($) => seq(list(field("name", $.name)), "=", $._expression),
    return: ($) => seq("return", list($._expression)),
    yield: ($) => seq("yield", list($._expression)),
    for: ($) => seq("for", field("variable", $.name), "in", $._expression, "..", $._expression, $.body),
    scan: ($) =>
      seq("scan", field("variable", $.name), "in", $.size, optional(choice("reversed", "anew")), "carry", list($.carried), $.body),
    carried: ($) => seq(field("name", $.name), ":", $.type),
    if: ($) => seq("if", $._expression, $.body, optional(seq("else", choice($.body, $.if)))),

    // Expressions

    _expression: ($) => choice($.conditional, $._operation),
    _operation: ($) =>
      choice($.binary, $.not, $.negation, $.index, $.rearrangement, $.where, $.parenthesized,
        $.call, $.found, $.key, $.name, $.size, $.number, $.string),
    conditional: ($) => seq($._operation, "?", $._expression, ":", $._expression),
    binary: ($) => {
      const operators = [["or", PREC.or], ["and", PREC.and], ["==", PREC.compare], ["!=", PREC.compare], ["<=", PREC.compare],
        [">=", PREC.compare], ["<", PREC.compare], [">", PREC.compare], ["+", PREC.add], ["-", PREC.add],
        ["*", PREC.multiply], ["/", PREC.multiply], ["%", PREC.multiply]];
      return choice(
        ...operators.map(([operator, level]) => prec.left(level, seq($._operation, operator, $._operation))),
        prec.right(PREC.power, seq($._operation, "^", $._operation)));
    },
    not: ($) => prec(PREC.not, seq("not", $._operation)),
    negation: ($) => prec(PREC.negate, seq("-", $._operation)),
    index: ($) => prec(PREC.postfix, seq($._operation, token.immediate("["), list($._expression), "]")),
    rearrangement: ($) => prec(PREC.postfix, seq($._operation, "as", $.axes)),
    where: ($) => prec.right(seq(prec(PREC.postfix, $._operation), "where", prec(PREC.where, $._operation))),
    parenthesized: ($) => seq("(", $._expression, ")"),
    found: ($) => seq("found", $._path),
    call: ($) =>
      seq(field("function", alias($.name, $.function_name)), optional(seq("@", $._path)),
        "(", optional(listWithEnd(choice($.option, $._argument))), ")"),
    option: ($) => seq(field("name", choice($.name, $.size)), "=", $._argument),
    _argument: ($) => choice($._expression, $.pattern),

    // Axes, types and paths

    pattern: ($) => prec.dynamic(-1, seq(groups(repeat1($._axis)), optional(seq("->", groups(repeat1($._axis)))))),
    axes: ($) => seq("[", repeat($._axis), "]"),
    _axis: ($) => choice($.size, $.number, $.rest, alias($.axis_group, $.parenthesized), alias($.axis_binary, $.binary)),
    axis_group: ($) => seq("(", $._axis, ")"),
    axis_binary: ($) =>
      choice(
        prec.left(PREC.add, seq($._axis, choice("+", "-"), $._axis)),
        prec.left(PREC.multiply, seq($._axis, choice("*", "/"), $._axis))),
    rest: () => "..",
    type: ($) => seq(optional(choice(alias($.name, $.element), $.size)), $.axes),
    _path: ($) => choice($.path, $.string, $.path_choice),
    path: ($) => prec.right(seq($._segment, repeat(seq(".", $._segment)))),
    path_choice: ($) => seq("(", $._operation, "?", $._path, ":", $._path, ")"),
    _segment: ($) => prec.right(seq(choice($.name, $.size, $.number), repeat($.path_index))),
    path_index: ($) => seq(token.immediate("["), $._expression, "]"),

    // Tokens

    key: () => token(/\.\s*[A-Za-z_]\w*(\.[A-Za-z_]\w*)*/),
    name: () => /[a-z_]\w*/,
    size: () => /[A-Z]\w*/,
    number: () => /\d+(\.\d+)?([eE][+-]?\d+)?/,
    string: () => /"[^"\n]*"/,
  },
});
