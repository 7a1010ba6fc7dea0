// Attributes that no op declares have one form and one place.
// RUN: heddle-opt %s --verify-diagnostics --split-input-file

// expected-error @+1 {{there is no attribute nn.entries}}
func.func private @f() attributes {nn.entries}

// -----

// expected-error @+1 {{nn.entry is 1 : i64, needs no value}}
func.func private @f() attributes {nn.entry = 1}

// -----

// expected-error @+1 {{nn.entry stands on this op, where it means nothing}}
nn.size @D = 3 {nn.entry}

// -----

// A name becomes a file's name, symbols and C.
// expected-error @+1 {{nn.model is "../../evil", needs a name of letters, digits and underscores}}
module attributes {nn.model = "../../evil"} {}

// -----

// expected-error @+1 {{nn.model is "4x", needs a name of letters, digits and underscores}}
module attributes {nn.model = "4x"} {}

// -----

// expected-error @+1 {{nn.generate is [3], needs an array of names of entries}}
module attributes {nn.generate = [3]} {}

// -----

// expected-error @+1 {{nn.tokenizer is unit, needs the name of a size}}
module attributes {nn.tokenizer} {}

// -----

// expected-error @+1 {{nn.weights is {rename = }}
module attributes {nn.weights = {rename = [["a"]]}} {}

// -----

// expected-error @+1 {{nn.weights is {split = }}
module attributes {nn.weights = {split = [["a", ["*.b", "c"]]]}} {}

// -----

// expected-error @+1 {{nn.weights is {prefix = }}
module attributes {nn.weights = {prefix = [["a", "b"]]}} {}

// -----

// expected-error @+1 {{nn.buffers is ["32*B +"], needs an array of size expressions}}
func.func private @f() attributes {nn.buffers = ["32*B +"]}

// -----

// expected-error @+1 {{nn.arena is "(B", needs a size expression}}
func.func private @f() attributes {nn.arena = "(B"}

// -----

func.func @f() {
  // expected-error @+1 {{nn.places is [0], needs array<i64: …>}}
  %c = nn.constant 1.0 {nn.places = [0]} : tensor<f32, #nn.axes<>>
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{nn.site is -1 : i32, needs an i32 that is not negative}}
  %c = nn.constant 1.0 {nn.site = -1 : i32} : tensor<f32, #nn.axes<>>
  return
}

// -----

// expected-error @+1 {{nn.name is "a b", needs a name of letters, digits and underscores}}
func.func private @f(tensor<3xf32, #nn.axes<D>> {nn.name = "a b"})

// -----

// expected-error @+1 {{nn.default is "0", needs a number}}
func.func private @f(tensor<3xf32, #nn.axes<D>> {nn.default = "0"})

// -----

// expected-error @+1 {{nn.arena stands on an input, where it means nothing}}
func.func private @f(tensor<3xf32, #nn.axes<D>> {nn.arena = "0"})

// -----

// expected-error @+1 {{nn.content is "video", needs "image" or "audio"}}
func.func private @f(tensor<3xf32, #nn.axes<D>> {nn.content = "video"})
