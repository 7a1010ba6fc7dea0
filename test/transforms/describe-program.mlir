// RUN: heddle-opt %s --split-input-file --nn-plan-memory --describe-program | FileCheck %s

// CHECK: program.description "toy" rows "B" prefill_in_chunks tokenizer {
// CHECK-NEXT: program.size "B" in 1 to 4
// CHECK-NEXT: program.size "T" in 1 to 8 per "B"
// CHECK-NEXT: program.size "S" in 1 to 16 per "B" grown by "T"
// CHECK-NEXT: program.entry @step generates step arena "{{[0-9B*T+S]+}}" weights <0 to 2, 1 to 2> caches <0, 0> grows ["S"] {
// CHECK-NEXT:   program.input "ids" "B T" : i32 ["B", "T"] below 11
// CHECK-NEXT:   program.output "result" "B T D" : f32 ["B", "T", "3"]
// CHECK-NEXT: }
// CHECK-NEXT: program.cache 0 "ln.c" of 12 bytes per "S"
// CHECK-NEXT: program.site 0

// Equal paths are one tensor; a norm's scale would be filled with ones.
// CHECK: program.tensor 0 <"wte" [11, 3] "V D" at "{{.*}}"> as <"plain f32"> normal
// CHECK-NEXT: program.tensor 1 <"ln.scale" [3] "D" at "{{.*}}"> as <"plain f32"> ones
// CHECK-NEXT: program.tensor 2 <"ln.w" [3, 3] "D D" at "{{.*}}"> as <"plain f32 transposed"> normal
// CHECK-NEXT: }
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
// CHECK: program.entry @both {{.*}}weights <0> {
// CHECK: program.tensor 0 <"q" [2, 3] "E D" at "{{.*}}"> then <"k" [4, 3] "F D" at "{{.*}}"> as <"plain f32"> normal
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
// CHECK: program.description "images" rows "B" {
// CHECK: program.tensor 0 <"filters" {{.*}} as <"plain f32"> normal
// CHECK-NEXT: program.tensor 1 <"filters.bias" {{.*}} as <"plain f32"> zeros
// CHECK-NEXT: program.tensor 2 <"scale" {{.*}} as <"plain f32"> ones
// CHECK-NEXT: program.tensor 3 <"shift" {{.*}} as <"plain f32"> zeros
// CHECK-NEXT: program.tensor 4 <"mean" {{.*}} as <"plain f32"> zeros
// CHECK-NEXT: program.tensor 5 <"variance" {{.*}} as <"plain f32"> ones
// CHECK-NEXT: program.tensor 6 <"added" {{.*}} as <"plain f32"> normal
!x = tensor<?x2x5xf32, #nn.axes<B, C, N>>
!c = tensor<2xf32, #nn.axes<C>>
module attributes {nn.model = "images"} {
  nn.size @B in 1 to 4
  func.func @filled(%x: !x {nn.name = "x"}) -> !x attributes {nn.entry} {
    %f = nn.weight "filters" : tensor<2x2x1xf32, #nn.axes<C, C, K>>
    %d = nn.weight "filters.bias" : !c
    %y = nn.conv %x, %f bias %d stride [1] pad [0] dilation [1] : (!x, tensor<2x2x1xf32, #nn.axes<C, C, K>>, !c) -> !x
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

// -----

// What a description before said is no longer true.
// CHECK: program.description "again" {
// CHECK-NEXT: program.entry @f {
// CHECK-NOT: program.description
module attributes {nn.model = "again"} {
  program.description "once" {
    program.entry @f arena "7" {
    }
  }
  func.func @f() attributes {nn.entry} {
    return
  }
}
