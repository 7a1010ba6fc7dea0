// RUN: heddle-opt %s --nn-fuse-epilogue --nn-assign-layouts --nn-plan-memory --nn-to-kernel | FileCheck %s

nn.size @D = 8
nn.size @H = 2
nn.size @K = 3
nn.size @V = 40
nn.size @C = 3
nn.size @P = 2
nn.size @Y = 9
nn.size @X = 5
nn.size @B in 1 to 4
nn.size @T in 1 to 9 per @B

!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
!ids = tensor<?x?xi32, #nn.axes<B, T over V>>

// CHECK-LABEL: func.func @several_results
// CHECK: %[[W:.*]] = kernel.weight %{{.*}} : memref<2x8x32xf32>
// CHECK: %[[B:.*]] = kernel.weight %{{.*}} : memref<14xf32>
// CHECK-DAG: %[[W0:.*]] = memref.subview %[[W]][0, 0, 0] [1, 8, 32]
// CHECK-DAG: %[[B0:.*]] = memref.subview %[[B]][0] [6]
// CHECK-DAG: %[[Q:.*]] = memref.collapse_shape %{{.*}} {{\[}}[0], [1, 2]] : memref<?x2x3xf32> into memref<?x6xf32>
// CHECK: kernel.matmul %[[X:.*]], %[[W0]] bias %[[B0]] into %[[Q]] : memref<?x8xf32>
// CHECK-DAG: %[[W1:.*]] = memref.subview %[[W]][1, 0, 0] [1, 8, 32]
// CHECK-DAG: %[[B1:.*]] = memref.subview %[[B]][6] [8]
// CHECK: kernel.matmul %[[X]], %[[W1]] bias %[[B1]] into %{{.*}} : memref<?x8xf32>
func.func @several_results(%x: !x) -> (tensor<?x?x2x3xf32, #nn.axes<B, T, H, K>>, !x) attributes {nn.entry} {
  %w = nn.weight "w" : tensor<14x8xf32, #nn.axes<"H*K+D", D>>
  %b = nn.weight "b" : tensor<14xf32, #nn.axes<"H*K+D">>
  %q, %y = nn.linear %x, %w bias %b contracts 1
    : (!x, tensor<14x8xf32, #nn.axes<"H*K+D", D>>, tensor<14xf32, #nn.axes<"H*K+D">>)
    -> (tensor<?x?x2x3xf32, #nn.axes<B, T, H, K>>, !x)
  return %q, %y : tensor<?x?x2x3xf32, #nn.axes<B, T, H, K>>, !x
}

// CHECK-LABEL: func.func @activation_and_two_contracted_axes
// CHECK: memref.collapse_shape %{{.*}} {{\[}}[0], [1, 2]] : memref<?x2x3xf32> into memref<?x6xf32>
// CHECK: kernel.matmul %{{.*}}, %{{.*}} into %{{.*}} then {
// CHECK-NEXT: ^bb0(%[[SUM:.*]]: f32):
// CHECK-NEXT: %[[G:.*]] = scalar.gelu %[[SUM]]
// CHECK-NEXT: kernel.yield %[[G]] : f32
// CHECK-NEXT: } : memref<?x6xf32>, memref<1x6x32xf32> into memref<?x8xf32>
func.func @activation_and_two_contracted_axes(%x: tensor<?x?x2x3xf32, #nn.axes<B, T, H, K>>) -> !x
    attributes {nn.entry} {
  %w = nn.weight "o" : tensor<8x6xf32, #nn.axes<D, "H*K">>
  %h = nn.linear %x, %w contracts 2
    : (tensor<?x?x2x3xf32, #nn.axes<B, T, H, K>>, tensor<8x6xf32, #nn.axes<D, "H*K">>) -> !x
  %y = nn.gelu %h : !x
  return %y : !x
}

// CHECK-LABEL: func.func @row_of_a_table_in_panels
// CHECK: %[[T:.*]] = kernel.weight %{{.*}} : memref<2x8x32xf32>
// CHECK: scf.for
// CHECK: %[[ID:.*]] = arith.index_cast
// CHECK-DAG: %[[P:.*]] = arith.divui %[[ID]], %{{.*}}
// CHECK-DAG: %[[C:.*]] = arith.remui %[[ID]], %{{.*}}
// CHECK: memref.load %[[T]][%[[P]], %{{.*}}, %[[C]]]
// CHECK: kernel.matmul
func.func @row_of_a_table_in_panels(%ids: !ids) -> tensor<?x?x40xf32, #nn.axes<B, T, V>> attributes {nn.entry} {
  %t = nn.weight "wte" : tensor<40x8xf32, #nn.axes<V, D>>
  %x = nn.embed %ids, %t : (!ids, tensor<40x8xf32, #nn.axes<V, D>>) -> !x
  %w = nn.weight "wte" : tensor<40x8xf32, #nn.axes<V, D>>
  %y = nn.linear %x, %w contracts 1
    : (!x, tensor<40x8xf32, #nn.axes<V, D>>) -> tensor<?x?x40xf32, #nn.axes<B, T, V>>
  return %y : tensor<?x?x40xf32, #nn.axes<B, T, V>>
}

// CHECK-LABEL: func.func @what_has_no_machine_operation_is_lowered_to_linalg
// CHECK: linalg.generic
func.func @what_has_no_machine_operation_is_lowered_to_linalg(%x: !x) -> !x attributes {nn.entry} {
  %y = nn.exp %x : !x
  return %y : !x
}

// CHECK-LABEL: func.func @norms
// CHECK: kernel.norm centered %{{.*}}, %{{.*}} bias %{{.*}} into %{{.*}} eps {{.*}} : memref<?x8xf32>
// CHECK: kernel.norm %{{.*}} into %{{.*}} eps {{.*}} : memref<?x8xf32> into
// CHECK: kernel.norm %{{.*}}, %{{.*}} into %{{.*}} offset 1.0 eps {{.*}} : memref<?x8xf32>
// CHECK: kernel.norm %{{.*}}, %{{.*}} into %{{.*}} eps {{.*}} : memref<?x8xf32>
func.func @norms(%x: !x) -> !x attributes {nn.entry} {
  %w = nn.weight "n.w" : tensor<8xf32, #nn.axes<D>>
  %b = nn.weight "n.b" : tensor<8xf32, #nn.axes<D>>
  %y = nn.layer_norm %x, %w, %b eps 1.0e-12 : (!x, tensor<8xf32, #nn.axes<D>>, tensor<8xf32, #nn.axes<D>>) -> !x
  %p = nn.rms_norm %y offset 0.0 eps 1.0e-5 : (!x) -> !x
  %o = nn.rms_norm %p, %w offset 1.0 eps 1.0e-5 : (!x, tensor<8xf32, #nn.axes<D>>) -> !x
  %z = nn.rms_norm %o, %w eps 1.0e-5 : (!x, tensor<8xf32, #nn.axes<D>>) -> !x
  return %z : !x
}

// Rows are rounded once for both results, whose columns begin panels.
// CHECK-LABEL: func.func @rounded_rows
// CHECK: %[[W:.*]] = kernel.weight %{{.*}} : memref<2x4x32x2xbf16>
// CHECK: %[[R:.*]] = kernel.arena {{.*}} : memref<?x8xbf16>
// CHECK: kernel.narrow %{{.*}} into %[[R]] : memref<?x8xf32> into memref<?x8xbf16>
// CHECK: %[[W0:.*]] = memref.subview %[[W]][0, 0, 0, 0] [1, 4, 32, 2]
// CHECK: kernel.matmul %[[R]], %[[W0]] into
// CHECK: %[[W1:.*]] = memref.subview %[[W]][1, 0, 0, 0] [1, 4, 32, 2]
// CHECK: kernel.matmul %[[R]], %[[W1]] into
func.func @rounded_rows(%x: !x) -> (tensor<?x?x2x3xf32, #nn.axes<B, T, H, K>>, !x) attributes {nn.entry} {
  %w = nn.weight "r" stored bf16 : tensor<14x8xf32, #nn.axes<"H*K+D", D>>
  %n = nn.narrow %x contracts 1 : !x -> tensor<?x?x8xbf16, #nn.axes<B, T, D>>
  %q, %y = nn.linear %n, %w contracts 1 : (tensor<?x?x8xbf16, #nn.axes<B, T, D>>, tensor<14x8xf32, #nn.axes<"H*K+D", D>>)
    -> (tensor<?x?x2x3xf32, #nn.axes<B, T, H, K>>, !x)
  return %q, %y : tensor<?x?x2x3xf32, #nn.axes<B, T, H, K>>, !x
}

// CHECK-LABEL: func.func @quantised_rows
// CHECK: %[[W:.*]] = kernel.weight %{{.*}} : memref<2x576xi8>
// CHECK: %[[R:.*]] = kernel.arena {{.*}} : memref<?x64xi8>
// CHECK: kernel.narrow %{{.*}} into %[[R]] group 32 : memref<?x8xf32> into memref<?x64xi8>
// CHECK: %[[W0:.*]] = memref.subview %[[W]][0, 0] [1, 576]
// CHECK: kernel.matmul %[[R]], %[[W0]] into %{{.*}} layout <"panel<32, 4> q4"> inputs 8
// CHECK: %[[W1:.*]] = memref.subview %[[W]][1, 0] [1, 576]
// CHECK: kernel.matmul %[[R]], %[[W1]] into %{{.*}} layout <"panel<32, 4> q4"> inputs 8
// CHECK: kernel.narrow %{{.*}} into %[[S:[^ ]*]] : memref<?x8xf32> into memref<?x64xi8>
// CHECK: kernel.matmul %[[S]], %{{.*}} into %{{.*}} layout <"panel<32, 4> i8"> inputs 8 : memref<?x64xi8>, memref<1x384xi8>
func.func @quantised_rows(%x: !x) -> (tensor<?x?x2x3xf32, #nn.axes<B, T, H, K>>, !x, !x) attributes {nn.entry} {
  %w = nn.weight "q" stored q4 : tensor<14x8xf32, #nn.axes<"H*K+D", D>>
  %n = nn.narrow %x contracts 1 : !x -> tensor<?x?x8x!nn.dynamic<32>, #nn.axes<B, T, D>>
  %q, %y = nn.linear %n, %w contracts 1
    : (tensor<?x?x8x!nn.dynamic<32>, #nn.axes<B, T, D>>, tensor<14x8xf32, #nn.axes<"H*K+D", D>>)
    -> (tensor<?x?x2x3xf32, #nn.axes<B, T, H, K>>, !x)
  %v = nn.weight "v" stored i8 : tensor<8x8xf32, #nn.axes<D, D>>
  %m = nn.narrow %x contracts 1 : !x -> tensor<?x?x8x!nn.dynamic<row>, #nn.axes<B, T, D>>
  %z = nn.linear %m, %v contracts 1
    : (tensor<?x?x8x!nn.dynamic<row>, #nn.axes<B, T, D>>, tensor<8x8xf32, #nn.axes<D, D>>) -> !x
  return %q, %y, %z : tensor<?x?x2x3xf32, #nn.axes<B, T, H, K>>, !x, !x
}

// CHECK-LABEL: func.func @rope
// CHECK: %[[F:.*]] = memref.get_global
// CHECK: kernel.rope adjacent %{{.*}} at %{{.*}} by %[[F]] into %{{.*}} : memref<?x2x3xf32>, memref<?xi32>, memref<1xf32>
func.func @rope(%x: tensor<?x?x2x3xf32, #nn.axes<B, T, H, K>>, %p: tensor<?x?xi32, #nn.axes<B, T over V>>)
    -> tensor<?x?x2x3xf32, #nn.axes<B, T, H, K>> attributes {nn.entry} {
  %y = nn.rope %x at %p frequencies <[1.0]> pairs adjacent
    : (tensor<?x?x2x3xf32, #nn.axes<B, T, H, K>>, tensor<?x?xi32, #nn.axes<B, T over V>>)
    -> tensor<?x?x2x3xf32, #nn.axes<B, T, H, K>>
  return %y : tensor<?x?x2x3xf32, #nn.axes<B, T, H, K>>
}

// The filters are the rows, windows of the image the panel; a task takes 32 places of the result.
// CHECK-LABEL: func.func @conv
// CHECK: kernel.parallel
// CHECK: scf.if
// CHECK-DAG: %[[PANEL:.*]] = memref.alloca() {alignment = 64 : i64} : memref<1x12x32xf32>
// CHECK-DAG: %[[PART:.*]] = memref.alloca() {alignment = 64 : i64} : memref<8x32xf32>
// CHECK: kernel.windows %{{.*}} at %{{.*}} of %{{.*}}, %{{.*}} into %[[PANEL]] window [2, 2] stride [1, 1] pad [0, 0] dilation [1, 1]
// CHECK: kernel.matmul %{{.*}}, %[[PANEL]] into %[[PART]]
// CHECK: linalg.generic
func.func @conv(%x: tensor<?x3x9x5xf32, #nn.axes<B, C, Y, X>>) -> tensor<?x8x8x4xf32, #nn.axes<B, D, "Y-1", "X-1">>
    attributes {nn.entry} {
  %w = nn.weight "c.w" : tensor<8x3x2x2xf32, #nn.axes<D, C, P, P>>
  %b = nn.weight "c.b" : tensor<8xf32, #nn.axes<D>>
  %y = nn.conv %x, %w bias %b stride [1, 1] pad [0, 0] dilation [1, 1]
    : (tensor<?x3x9x5xf32, #nn.axes<B, C, Y, X>>, tensor<8x3x2x2xf32, #nn.axes<D, C, P, P>>, tensor<8xf32, #nn.axes<D>>)
    -> tensor<?x8x8x4xf32, #nn.axes<B, D, "Y-1", "X-1">>
  return %y : tensor<?x8x8x4xf32, #nn.axes<B, D, "Y-1", "X-1">>
}

// What fuse-epilogue made of a convolution is computed where its sums are read.
// CHECK-LABEL: func.func @conv_with_epilogue
// CHECK: kernel.matmul %{{.*}}, %{{.*}} into %[[PART:.*]] :
// CHECK: linalg.generic
// CHECK: arith.addf
// CHECK: scalar.relu
func.func @conv_with_epilogue(%x: tensor<?x3x9x5xf32, #nn.axes<B, C, Y, X>>, %r: tensor<?x8x8x4xf32, #nn.axes<B, D, "Y-1", "X-1">>)
    -> tensor<?x8x8x4xf32, #nn.axes<B, D, "Y-1", "X-1">> attributes {nn.entry} {
  %w = nn.weight "c.w" : tensor<8x3x2x2xf32, #nn.axes<D, C, P, P>>
  %y = nn.conv %x, %w with %r stride [1, 1] pad [0, 0] dilation [1, 1] then {
  ^bb0(%sum: f32, %residual: f32):
    %0 = arith.addf %residual, %sum : f32
    %1 = scalar.relu %0
    nn.yield %1 : f32
  } : (tensor<?x3x9x5xf32, #nn.axes<B, C, Y, X>>, tensor<8x3x2x2xf32, #nn.axes<D, C, P, P>>, tensor<?x8x8x4xf32, #nn.axes<B, D, "Y-1", "X-1">>)
    -> tensor<?x8x8x4xf32, #nn.axes<B, D, "Y-1", "X-1">>
  return %y : tensor<?x8x8x4xf32, #nn.axes<B, D, "Y-1", "X-1">>
}

// A filter of one channel: no windows and no product.
// CHECK-LABEL: func.func @depthwise
// CHECK: kernel.parallel
// CHECK-NOT: kernel.windows
// CHECK: kernel.depthwise %{{.*}}, %{{.*}} into %{{.*}} from %{{.*}} to %{{.*}} stride [1, 2] pad [1, 0] dilation [1, 1]
// CHECK: linalg.generic
func.func @depthwise(%x: tensor<?x3x9x5xf32, #nn.axes<B, C, Y, X>>) -> tensor<?x6x9x2xf32, #nn.axes<B, E, Y, "2">>
    attributes {nn.entry} {
  %w = nn.weight "c.w" : tensor<6x1x3x2xf32, #nn.axes<E, "1", "3", P>>
  %b = nn.weight "c.b" : tensor<6xf32, #nn.axes<E>>
  %y = nn.conv %x, %w bias %b stride [1, 2] pad [1, 0] dilation [1, 1] {groups = 3 : i64}
    : (tensor<?x3x9x5xf32, #nn.axes<B, C, Y, X>>, tensor<6x1x3x2xf32, #nn.axes<E, "1", "3", P>>, tensor<6xf32, #nn.axes<E>>)
    -> tensor<?x6x9x2xf32, #nn.axes<B, E, Y, "2">>
  return %y : tensor<?x6x9x2xf32, #nn.axes<B, E, Y, "2">>
}

// Three offsets at a stride of two: odd places of the result meet two of them, the others one.
// CHECK-LABEL: func.func @transposed
// CHECK: kernel.parallel
// CHECK: kernel.windows %{{.*}} into %{{.*}} window [1] stride [1] pad [0] dilation [1]
// CHECK: kernel.matmul
// CHECK: kernel.parallel
// CHECK: kernel.windows %{{.*}} into %{{.*}} window [2] stride [1] pad [0] dilation [1]
// CHECK: kernel.matmul
// CHECK: kernel.parallel
// CHECK: linalg.generic
func.func @transposed(%x: tensor<?x3x5xf32, #nn.axes<B, C, X>>) -> tensor<?x8x9xf32, #nn.axes<B, D, "2*X-1">> attributes {nn.entry} {
  %w = nn.weight "c.w" : tensor<3x8x3xf32, #nn.axes<C, D, "3">>
  %b = nn.weight "c.b" : tensor<8xf32, #nn.axes<D>>
  %y = nn.conv transposed %x, %w bias %b stride [2] pad [1] dilation [1]
    : (tensor<?x3x5xf32, #nn.axes<B, C, X>>, tensor<3x8x3xf32, #nn.axes<C, D, "3">>, tensor<8xf32, #nn.axes<D>>)
    -> tensor<?x8x9xf32, #nn.axes<B, D, "2*X-1">>
  return %y : tensor<?x8x9xf32, #nn.axes<B, D, "2*X-1">>
}

// An expert has as many tokens as its argument has lines, not as the frame says.
// CHECK-LABEL: func.func private @expert
// CHECK-SAME: %{{.*}}: !kernel.frame, %{{.*}}: !kernel.slots, %{{.*}}: index, %[[ARENA:.*]]: index, %[[X:.*]]: memref<?x8xf32>, %[[Y:.*]]: memref<?x8xf32>
// CHECK-NOT: kernel.extent
// CHECK-DAG: %[[LINES:.*]] = memref.dim %[[X]], %{{.*}}
// CHECK: %[[H:.*]] = kernel.arena %{{.*}}[%[[ARENA]]] (%[[LINES]]) : memref<?x40xf32>
// CHECK: kernel.matmul %[[X]], %{{.*}} into %[[H]]
// CHECK: kernel.matmul %[[H]], %{{.*}} into %[[Y]]
// CHECK: return
func.func private @expert(%x: !x) -> !x {
  %u = nn.weight "up" : tensor<40x8xf32, #nn.axes<V, D>>
  %h = nn.linear %x, %u contracts 1 : (!x, tensor<40x8xf32, #nn.axes<V, D>>) -> tensor<?x?x40xf32, #nn.axes<B, T, V>>
  %d = nn.weight "down" : tensor<8x40xf32, #nn.axes<D, V>>
  %y = nn.linear %h, %d contracts 1 : (tensor<?x?x40xf32, #nn.axes<B, T, V>>, tensor<8x40xf32, #nn.axes<D, V>>) -> !x
  return %y : !x
}

// Choices are sorted by expert; each gets its tokens' lines, at most as many at a time as there are tokens, and gives
// them back to the choices they came from. One that nobody chose has no turn.
// CHECK-LABEL: func.func @grouped_tokens
// CHECK: %[[TOKENS:.*]] = memref.dim %[[CHOSEN:.*]], %{{.*}} : memref<?x2xi32>
// CHECK: %[[A:.*]] = memref.dim %[[CHOSEN]], %{{.*}} : memref<?x2xi32>
// CHECK: %[[CHOICES:.*]] = arith.muli %[[TOKENS]], %[[A]]
// CHECK: %[[ORDER:.*]] = kernel.arena %{{.*}} (%[[CHOICES]]) : memref<?xi32>
// CHECK: %[[END:.*]] = kernel.arena %{{.*}} () : memref<3xi32>
// CHECK: memref.store %{{.*}}, %[[ORDER]]
// CHECK: scf.for %[[E:.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args(%[[BEGIN:.*]] = %{{.*}}) -> (index)
// CHECK: %[[LOADED:.*]] = memref.load %[[END]][%[[E]]]
// CHECK: %[[LAST:.*]] = arith.index_cast %[[LOADED]]
// CHECK: scf.for %[[FIRST:.*]] = %[[BEGIN]] to %[[LAST]] step %[[TOKENS]]
// CHECK: %[[LEFT:.*]] = arith.subi %[[LAST]], %[[FIRST]]
// CHECK: %[[COUNT:.*]] = arith.minui %[[LEFT]], %[[TOKENS]]
// CHECK-DAG: %[[MINE:.*]] = kernel.arena %{{.*}} (%[[COUNT]]) : memref<?x8xf32>
// CHECK-DAG: %[[GIVEN:.*]] = kernel.arena %{{.*}} (%[[COUNT]]) : memref<?x8xf32>
// CHECK: linalg.generic {{.*}} outs(%[[MINE]]
// CHECK: call @expert({{.*}}, %[[MINE]], %[[GIVEN]])
// CHECK: kernel.parallel %{{.*}} (%[[I:.*]]) to %[[COUNT]] when
// CHECK: memref.subview %[[GIVEN]][%[[I]], 0] [1, 8]
// CHECK: linalg.generic
func.func @grouped_tokens(%x: !x, %e: tensor<?x?x2xi32, #nn.axes<B, T, A over C>>) -> tensor<?x?x2x8xf32, #nn.axes<B, T, A, D>>
    attributes {nn.entry} {
  %y = nn.route @expert(%x) by %e of 3 grouped at "e.{0}"
     : (!x, tensor<?x?x2xi32, #nn.axes<B, T, A over C>>) -> tensor<?x?x2x8xf32, #nn.axes<B, T, A, D>>
  return %y : tensor<?x?x2x8xf32, #nn.axes<B, T, A, D>>
}

// Sums and maxima of whole lines, what is done with them elementwise; rows need no loop.
// CHECK-LABEL: func.func @softmax_in_loops_of_linalg
// CHECK: %[[Y:.*]] = kernel.output {{.*}} : memref<?x8xf32>
// CHECK: %[[M:.*]] = kernel.arena {{.*}} : memref<?xf32>
// CHECK: %[[S:.*]] = kernel.arena {{.*}} : memref<?xf32>
// CHECK: linalg.fill {{.*}} outs(%[[M]] : memref<?xf32>)
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]} ins(%[[X:.*]] : memref<?x8xf32>) outs(%[[M]]
// CHECK: arith.maximumf
// CHECK: linalg.fill {{.*}} outs(%[[S]] : memref<?xf32>)
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]} ins(%[[X]], %[[M]] : memref<?x8xf32>, memref<?xf32>) outs(%[[S]]
// CHECK: math.exp
// CHECK: arith.addf
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel"]} outs(%[[S]]
// CHECK: arith.divf
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel"]} ins(%[[X]], %[[M]], %[[S]] : {{.*}}) outs(%[[Y]]
// CHECK-NOT: scf.for
func.func @softmax_in_loops_of_linalg(%x: !x) -> !x attributes {nn.entry} {
  %y = nn.softmax %x over "D" : (!x) -> !x
  return %y : !x
}

// Along the tokens of a row, and so row by row.
// CHECK-LABEL: func.func @mean_of_tokens
// CHECK: scf.for
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]} ins(%{{.*}} : !f32_Nx8_part) outs(%{{.*}} : !f32_8_part
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel"]} outs(%{{.*}} : !f32_8_part
// CHECK: arith.divf
func.func @mean_of_tokens(%x: !x) -> tensor<?x8xf32, #nn.axes<B, D>> attributes {nn.entry} {
  %y = nn.reduce mean %x over "T" : (!x) -> tensor<?x8xf32, #nn.axes<B, D>>
  return %y : tensor<?x8xf32, #nn.axes<B, D>>
}

// CHECK-LABEL: func.func @norm_then_scale
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]} ins(%[[X:.*]] : memref<?x8xf32>) outs(%[[S:.*]] : memref<?xf32>)
// CHECK: linalg.generic {{.*}} outs(%[[S]]
// CHECK: math.sqrt
// CHECK: linalg.generic {{.*}} ins(%[[X]], %[[S]]
// CHECK: arith.mulf
func.func @norm_then_scale(%x: !x) -> !x attributes {nn.entry} {
  %y = nn.normalize %x over "D" eps 1.0e-12 : (!x) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @choices
// CHECK: kernel.topk %{{.*}} into %{{.*}}, %{{.*}} : memref<?x8xf32> into memref<?x3xf32>, memref<?x3xi32>
func.func @choices(%x: !x) -> (tensor<?x?x3xf32, #nn.axes<B, T, C>>, tensor<?x?x3xi32, #nn.axes<B, T, C over D>>) attributes {nn.entry} {
  %v, %i = nn.topk %x : (!x) -> (tensor<?x?x3xf32, #nn.axes<B, T, C>>, tensor<?x?x3xi32, #nn.axes<B, T, C over D>>)
  return %v, %i : tensor<?x?x3xf32, #nn.axes<B, T, C>>, tensor<?x?x3xi32, #nn.axes<B, T, C over D>>
}
