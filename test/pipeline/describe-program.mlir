// RUN: heddle-opt %s --split-input-file --nn-plan-memory --describe-program | FileCheck %s

// The fields of a dictionary stand in the order of their names.
// CHECK: heddle.program = {cache_slots = array<i64: 0, 0>, caches = [{path = "ln.c", position_bytes = 12 : i64, size = "S"}]
// CHECK-SAME: entries = [{arena = "{{[0-9B*T+S]+}}", function = "step", generates = "step", grows = ["S"]
// CHECK-SAME: inputs = [{axes = "B T", dims = ["B", "T"], elements = "B*T", index_bound = 11 : i64, name = "ids", type = "i32"}]
// CHECK-SAME: outputs = [{axes = "B T D", dims = ["B", "T", "3"], elements = "3*B*T", name = "result", type = "f32"}]
// CHECK-SAME: name = "toy", prefill_in_chunks, row_size = "B"
// CHECK-SAME: sizes = [{max = 4 : i64, name = "B"}, {max = 8 : i64, name = "T", per = "B"}, {grows_by = "T", max = 16 : i64, name = "S", per = "B"}]
// CHECK-SAME: tokenizer, weight_bytes = array<i64: 132, 12, 36, 12, 36>

// Equal paths are one tensor; a norm's scale would be filled with ones.
// CHECK-SAME: heddle.weights = {slots = array<i32: 0, 1, 2, 1, 2>, tensors = [
// CHECK-SAME: {{.*}}axes = "V D", fill = "normal", layout = "plain f32", path = "wte", shape = array<i64: 11, 3>
// CHECK-SAME: {{.*}}fill = "ones", layout = "plain f32", path = "ln.scale", shape = array<i64: 3>
// CHECK-SAME: {{.*}}fill = "normal", layout = "plain f32 transposed", path = "ln.w", shape = array<i64: 3, 3>
module attributes {nn.model = "toy", nn.generate = ["step"], nn.tokenizer = "V"} {
  nn.size @V = 11
  nn.size @D = 3
  nn.size @B in 1 to 4
  nn.size @T in 1 to 8 per @B
  nn.size @S in 1 to 16 per @B

  func.func @block(%x: tensor<?x?x3xf32, #nn.axes<B, T, D>>) -> tensor<?x?x3xf32, #nn.axes<B, T, D>> {
    %g = nn.weight "scale" : tensor<3xf32, #nn.axes<D>>
    %n = nn.rms_norm %x, %g eps 0.001 : (tensor<?x?x3xf32, #nn.axes<B, T, D>>, tensor<3xf32, #nn.axes<D>>) -> tensor<?x?x3xf32, #nn.axes<B, T, D>>
    %w = nn.weight "w" : tensor<3x3xf32, #nn.axes<D, D>>
    %y = nn.linear %n, %w contracts 1 in_out : (tensor<?x?x3xf32, #nn.axes<B, T, D>>, tensor<3x3xf32, #nn.axes<D, D>>) -> tensor<?x?x3xf32, #nn.axes<B, T, D>>
    %c = nn.cache_append "c" %y from "T" to "S" : (tensor<?x?x3xf32, #nn.axes<B, T, D>>) -> tensor<?x?x3xf32, #nn.axes<B, S, D>>
    return %y : tensor<?x?x3xf32, #nn.axes<B, T, D>>
  }

  func.func @step(%ids: tensor<?x?xi32, #nn.axes<B, T over V>> {nn.name = "ids"}) -> tensor<?x?x3xf32, #nn.axes<B, T, D>> attributes {nn.entry} {
    %table = nn.weight "wte" : tensor<11x3xf32, #nn.axes<V, D>>
    %x = nn.embed %ids, %table : (tensor<?x?xi32, #nn.axes<B, T over V>>, tensor<11x3xf32, #nn.axes<V, D>>) -> tensor<?x?x3xf32, #nn.axes<B, T, D>>
    %a = nn.call @block(%x) at "ln" : (tensor<?x?x3xf32, #nn.axes<B, T, D>>) -> tensor<?x?x3xf32, #nn.axes<B, T, D>>
    %b = nn.call @block(%a) at "ln" : (tensor<?x?x3xf32, #nn.axes<B, T, D>>) -> tensor<?x?x3xf32, #nn.axes<B, T, D>>
    return %b : tensor<?x?x3xf32, #nn.axes<B, T, D>>
  }
}

// -----

// A weight of several tensors is one of the file, made of parts.
// CHECK: heddle.weights = {slots = array<i32: 0>, tensors = [{at = {{.*}}, axes = "E D", fill = "normal", layout = "plain f32", path = "q", shape = array<i64: 2, 3>
// CHECK-SAME: then = [{{{.*}}axes = "F D", path = "k", shape = array<i64: 4, 3>}]}]}
module attributes {nn.model = "toy"} {
  nn.size @D = 3
  nn.size @B in 1 to 4
  func.func @both(%x: tensor<?x3xf32, #nn.axes<B, D>> {nn.name = "x"}) -> tensor<?x6xf32, #nn.axes<B, "E+F">> attributes {nn.entry} {
    %w = nn.weight "q" then ["k"] of [tensor<2x3xf32, #nn.axes<E, D>>, tensor<4x3xf32, #nn.axes<F, D>>] : tensor<6x3xf32, #nn.axes<"E+F", D>>
    %y = nn.linear %x, %w contracts 1 : (tensor<?x3xf32, #nn.axes<B, D>>, tensor<6x3xf32, #nn.axes<"E+F", D>>) -> tensor<?x6xf32, #nn.axes<B, "E+F">>
    return %y : tensor<?x6xf32, #nn.axes<B, "E+F">>
  }
}

// -----

// Without a checkpoint a weight is filled as what it is to the op that reads it; where the op does not say (nn.add), with numbers
// at random.
// CHECK: heddle.weights =
// CHECK-SAME: fill = "normal", layout = "plain f32", path = "filters"
// CHECK-SAME: fill = "zeros", layout = "plain f32", path = "filters.bias"
// CHECK-SAME: fill = "ones", layout = "plain f32", path = "scale"
// CHECK-SAME: fill = "zeros", layout = "plain f32", path = "shift"
// CHECK-SAME: fill = "zeros", layout = "plain f32", path = "mean"
// CHECK-SAME: fill = "ones", layout = "plain f32", path = "variance"
// CHECK-SAME: fill = "normal", layout = "plain f32", path = "added"
!x = tensor<?x2x5xf32, #nn.axes<B, C, N>>
!c = tensor<2xf32, #nn.axes<C>>
module attributes {nn.model = "images"} {
  nn.size @B in 1 to 4
  func.func @filled(%x: !x {nn.name = "x"}) -> !x attributes {nn.entry} {
    %f = nn.weight "filters" : tensor<2x2x1xf32, #nn.axes<C, C, K>>
    %d = nn.weight "filters.bias" : !c
    %y = nn.conv %x, %f bias %d stride 1 pad 0 : (!x, tensor<2x2x1xf32, #nn.axes<C, C, K>>, !c) -> !x
    %w = nn.weight "scale" : !c
    %b = nn.weight "shift" : !c
    %m = nn.weight "mean" : !c
    %v = nn.weight "variance" : !c
    %z = nn.batch_norm %y, %w, %b mean %m variance %v eps 1.0e-5 : (!x, !c, !c, !c, !c) -> !x
    %a = nn.weight "added" : tensor<5xf32, #nn.axes<N>>
    %r = nn.add %z, %a : (!x, tensor<5xf32, #nn.axes<N>>) -> !x
    return %r : !x
  }
}
