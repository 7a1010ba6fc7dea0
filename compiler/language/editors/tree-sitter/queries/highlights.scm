; Of two that fit the later one counts.

(comment) @comment
(string) @string
(number) @number
(name) @variable
(size) @type
(element) @type.builtin
(key) @property
(path (name) @label)
(path (size) @label)
(path (number) @label)
(model name: (name) @namespace)
(function_name) @function
(parameter name: (name) @variable.parameter)
(for variable: (name) @variable.parameter)
(scan variable: (name) @variable.parameter)
(option name: (_) @variable.parameter)

((name) @constant.builtin
  (#any-of? @constant.builtin "yes" "no" "none"))

; The table of operations.
((default operation: (name) @function.builtin)
  (#any-of? @function.builtin
    "linear" "embed" "param" "conv" "conv_transpose" "rmsnorm" "layernorm" "batchnorm" "attention" "dot" "cache"
    "softmax" "bucket" "positions" "sinusoid" "rope" "concat" "split" "mean" "sum" "max" "min" "argmax" "first"
    "last" "normalize" "topk" "take" "maxpool" "avgpool" "upsample" "relu" "relu_squared" "leaky_relu" "elu" "gelu"
    "gelu_tanh" "quick_gelu" "silu" "swish" "mish" "softplus" "hard_swish" "tanh" "sigmoid" "exp" "log" "sqrt" "abs"
    "sin" "cos" "erf" "bf16" "dropout"))
((call function: (function_name) @function.builtin)
  (#any-of? @function.builtin
    "linear" "embed" "param" "conv" "conv_transpose" "rmsnorm" "layernorm" "batchnorm" "attention" "dot" "cache"
    "softmax" "bucket" "positions" "sinusoid" "rope" "concat" "split" "mean" "sum" "max" "min" "argmax" "first"
    "last" "normalize" "topk" "take" "maxpool" "avgpool" "upsample" "relu" "relu_squared" "leaky_relu" "elu" "gelu"
    "gelu_tanh" "quick_gelu" "silu" "swish" "mish" "softplus" "hard_swish" "tanh" "sigmoid" "exp" "log" "sqrt" "abs"
    "sin" "cos" "erf" "bf16" "dropout"))

[
  "assume" "block" "config" "default" "drop" "dyn" "entry" "generate" "ignore" "import" "keep" "model" "optional"
  "override" "per" "prefix" "rename" "same" "split" "state" "step" "tokenizer" "weights"
] @keyword

[
  "if" "else" "for" "scan" "in" "carry" "reversed" "anew" "return" "yield" "when"
] @keyword.control

[
  "and" "or" "not" "as" "where" "found"
] @keyword.operator

[
  "->" ".." "==" "!=" "<=" ">=" "-" "+" "*" "/" "%" "^" "<" ">" "=" "@" "|" "?"
] @operator
(rest) @operator

["(" ")" "[" "]" "{" "}"] @punctuation.bracket
["," "." ":"] @punctuation.delimiter
