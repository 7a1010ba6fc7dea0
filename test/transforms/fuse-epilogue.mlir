// RUN: heddle-opt %s --nn-fuse-epilogue --split-input-file --verify-diagnostics --remarks-filter=nn-fuse-epilogue | FileCheck %s

nn.size @B in 1 to 4
nn.size @D = 8
!x = tensor<?x8xf32, #nn.axes<B, D>>
!w = tensor<8x8xf32, #nn.axes<D, D>>
!b = tensor<8xf32, #nn.axes<D>>

// CHECK-LABEL: func.func @activation
// CHECK: %[[Y:.*]] = nn.linear %{{.*}}, %{{.*}} contracts 1 then {
// CHECK-NEXT: ^bb0(%[[SUM:.*]]: f32):
// CHECK-NEXT: %[[G:.*]] = scalar.gelu_tanh %[[SUM]]
// CHECK-NEXT: nn.yield %[[G]] : f32
// CHECK: return %[[Y]]
func.func @activation(%x: !x, %w: !w) -> !x {
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{gelu_tanh computed within the product}}
  %y = nn.gelu_tanh %h : !x
  return %y : !x
}

// One after the other, in order.
// CHECK-LABEL: func.func @several
// CHECK: ^bb0(%[[SUM:.*]]: f32):
// CHECK-NEXT: %[[A:.*]] = scalar.silu %[[SUM]]
// CHECK-NEXT: %[[E:.*]] = math.exp %[[A]] : f32
// CHECK-NEXT: %[[N:.*]] = arith.negf %[[E]] : f32
// CHECK-NEXT: nn.yield %[[N]]
func.func @several(%x: !x, %w: !w) -> !x {
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{silu computed within the product}}
  %a = nn.silu %h : !x
  // expected-remark @+1 {{exp computed within the product}}
  %e = nn.exp %a : !x
  // expected-remark @+1 {{neg computed within the product}}
  %y = nn.neg %e : !x
  return %y : !x
}

// A formula is all that some functions are.
// CHECK-LABEL: func.func @formulas
// CHECK: ^bb0(%[[SUM:.*]]: f32):
// CHECK-NOT: scalar.
// CHECK: math.exp
// CHECK: arith.divf
// CHECK: ^bb0(%[[X:.*]]: f32):
// CHECK: %[[S:.*]] = arith.constant 1.702
// CHECK: %[[T:.*]] = arith.mulf %[[S]], %[[X]]
// CHECK: %[[G:.*]] = scalar.sigmoid %[[T]]
// CHECK: arith.mulf %[[X]], %[[G]]
func.func @formulas(%x: !x, %w: !w) -> !x {
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{mish computed within the product}}
  %m = nn.mish %h : !x
  %i = nn.linear %m, %w contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{swish computed within the product}}
  %y = nn.swish %i beta 1.702 : !x
  return %y : !x
}

// Gemma's cap: numbers need no operand.
// CHECK-LABEL: func.func @cap
// CHECK: nn.linear %{{.*}}, %{{.*}} contracts 1 then {
// CHECK-NEXT: ^bb0(%[[SUM:.*]]: f32):
// CHECK: arith.divf %[[SUM]], %{{.*}} : f32
// CHECK: math.tanh
// CHECK: arith.mulf
// CHECK-NOT: nn.tanh
func.func @cap(%x: !x, %w: !w) -> !x {
  %c = nn.constant 3.0e+01 : tensor<f32, #nn.axes<>>
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{div computed within the product}}
  %a = nn.div %h, %c : (!x, tensor<f32, #nn.axes<>>) -> !x
  // expected-remark @+1 {{tanh computed within the product}}
  %b = nn.tanh %a : !x
  // expected-remark @+1 {{mul computed within the product}}
  %y = nn.mul %b, %c : (!x, tensor<f32, #nn.axes<>>) -> !x
  return %y : !x
}

// A vector over the columns, LayerScale's for one, and a residual behind it.
// CHECK-LABEL: func.func @scale_and_residual
// CHECK-SAME: %[[X:[a-z0-9]*]]: !{{[A-Za-z0-9_]*}}, %{{[a-z0-9]*}}: !{{[A-Za-z0-9_]*}}, %[[V:[a-z0-9]*]]: !
// CHECK: nn.linear %{{.*}} with %[[V]], %[[X]] contracts 1 then {
// CHECK-NEXT: ^bb0(%[[SUM:.*]]: f32, %[[SCALE:.*]]: f32, %[[R:.*]]: f32):
// CHECK-NEXT: %[[A:.*]] = arith.mulf %[[SUM]], %[[SCALE]]
// CHECK-NEXT: %[[S:.*]] = arith.addf %[[R]], %[[A]]
func.func @scale_and_residual(%x: !x, %w: !w, %v: !b) -> !x {
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{mul computed within the product}}
  %a = nn.mul %h, %v : (!x, !b) -> !x
  // expected-remark @+1 {{add computed within the product}}
  %y = nn.add %x, %a : (!x, !x) -> !x
  return %y : !x
}

// A weight is only named: it may be named before the product.
// CHECK-LABEL: func.func @weight_named_later
// CHECK: %[[V:.*]] = nn.weight "scale"
// CHECK: nn.linear %{{.*}} with %[[V]] contracts 1 then {
func.func @weight_named_later(%x: !x, %w: !w) -> !x {
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  %v = nn.weight "scale" : !b
  // expected-remark @+1 {{mul computed within the product}}
  %y = nn.mul %h, %v : (!x, !b) -> !x
  return %y : !x
}

// Both operands may be the product; others may come twice.
// CHECK-LABEL: func.func @square
// CHECK: nn.linear %{{.*}} with %[[X:[^ ]*]] contracts 1 then {
// CHECK-NEXT: ^bb0(%[[SUM:.*]]: f32, %[[R:.*]]: f32):
// CHECK-NEXT: %[[Q:.*]] = arith.mulf %[[SUM]], %[[SUM]]
// CHECK-NEXT: %[[A:.*]] = arith.addf %[[Q]], %[[R]]
// CHECK-NEXT: arith.subf %[[A]], %[[R]]
func.func @square(%x: !x, %w: !w) -> !x {
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{mul computed within the product}}
  %q = nn.mul %h, %h : (!x, !x) -> !x
  // expected-remark @+1 {{add computed within the product}}
  %a = nn.add %q, %x : (!x, !x) -> !x
  // expected-remark @+1 {{sub computed within the product}}
  %y = nn.sub %a, %x : (!x, !x) -> !x
  return %y : !x
}

// Two products: the later one reads the earlier.
// CHECK-LABEL: func.func @product_added_to_a_product
// CHECK: %[[A:.*]] = nn.linear
// CHECK: nn.linear %{{.*}} with %[[A]] contracts 1 in_out then
func.func @product_added_to_a_product(%x: !x, %w: !w) -> !x {
  %a = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  %b = nn.linear %x, %w contracts 1 in_out : (!x, !w) -> !x
  // expected-remark @+1 {{add computed within the product}}
  %y = nn.add %b, %a : (!x, !x) -> !x
  return %y : !x
}

// What is read twice is one chain as long as one value leaves it: swish with a factor for every column, and with one.
// CHECK-LABEL: func.func @swish_of_columns
// CHECK-SAME: %[[V:[a-z0-9]*]]: !D)
// CHECK: nn.linear %{{.*}} with %[[V]] contracts 1 then {
// CHECK-NEXT: ^bb0(%[[SUM:.*]]: f32, %[[BETA:.*]]: f32):
// CHECK-NEXT: %[[B:.*]] = arith.mulf %[[BETA]], %[[SUM]]
// CHECK-NEXT: %[[S:.*]] = scalar.sigmoid %[[B]]
// CHECK-NEXT: %[[Y:.*]] = arith.mulf %[[SUM]], %[[S]]
// CHECK-NEXT: nn.yield %[[Y]]
func.func @swish_of_columns(%x: !x, %w: !w, %v: !b) -> !x {
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{mul computed within the product}}
  %b = nn.mul %v, %h : (!b, !x) -> !x
  // expected-remark @+1 {{sigmoid computed within the product}}
  %s = nn.sigmoid %b : !x
  // expected-remark @+1 {{mul computed within the product}}
  %y = nn.mul %h, %s : (!x, !x) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @swish_of_a_number
// CHECK-SAME: %[[N:[a-z0-9]*]]: !number)
// CHECK: nn.linear %{{.*}} with %[[N]] contracts 1 then {
func.func @swish_of_a_number(%x: !x, %w: !w, %n: tensor<f32, #nn.axes<>>) -> !x {
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{mul computed within the product}}
  %b = nn.mul %n, %h : (tensor<f32, #nn.axes<>>, !x) -> !x
  // expected-remark @+1 {{sigmoid computed within the product}}
  %s = nn.sigmoid %b : !x
  // expected-remark @+1 {{mul computed within the product}}
  %y = nn.mul %h, %s : (!x, !x) -> !x
  return %y : !x
}

// GLU with the layer's own input as what is gated.
// CHECK-LABEL: func.func @gated_input
// CHECK-SAME: %[[X:[a-z0-9]*]]: !B_D,
// CHECK: nn.linear %[[X]], %{{.*}} with %[[X]] contracts 1 then {
func.func @gated_input(%x: !x, %w: !w) -> !x {
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{sigmoid computed within the product}}
  %s = nn.sigmoid %h : !x
  // expected-remark @+1 {{mul computed within the product}}
  %y = nn.mul %x, %s : (!x, !x) -> !x
  return %y : !x
}

// What does not need the product is computed before it.
// CHECK-LABEL: func.func @computed_later
// CHECK-DAG: %[[P:.*]] = nn.pick first
// CHECK-DAG: %[[R:.*]] = nn.relu
// CHECK: nn.linear %{{.*}} with %[[R]], %[[P]] contracts 1 then {
func.func @computed_later(%x: !x, %w: !w, %one: tensor<1xf32, #nn.axes<"1">>) -> !x {
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  %r = nn.relu %x : !x
  // expected-remark @+1 {{add computed within the product}}
  %a = nn.add %r, %h : (!x, !x) -> !x
  %p = nn.pick first %one over "1" : (tensor<1xf32, #nn.axes<"1">>) -> tensor<f32, #nn.axes<>>
  // expected-remark @+1 {{mul computed within the product}}
  %y = nn.mul %a, %p : (!x, tensor<f32, #nn.axes<>>) -> !x
  return %y : !x
}

// A residual behind a norm is added as the norm writes its line.
// CHECK-LABEL: func.func @residual_of_a_norm
// CHECK-SAME: %[[X:[a-z0-9]*]]: !B_D,
// CHECK: %[[H:.*]] = nn.linear
// CHECK: nn.rms_norm %[[H]], %{{.*}} plus %[[X]] offset 1.0 eps
// CHECK: nn.layer_norm %{{.*}} plus %{{.*}} eps
// CHECK-NOT: nn.add
func.func @residual_of_a_norm(%x: !x, %w: !w, %v: !b) -> !x {
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  %n = nn.rms_norm %h, %v offset 1.0 eps 1.0e-6 : (!x, !b) -> !x
  // expected-remark @+1 {{add computed within the norm}}
  %y = nn.add %x, %n : (!x, !x) -> !x
  %m = nn.layer_norm %y, %v eps 1.0e-6 : (!x, !b) -> !x
  // expected-remark @+1 {{add computed within the norm}}
  %z = nn.add %m, %y : (!x, !x) -> !x
  return %z : !x
}

// -----

nn.size @B in 1 to 4
nn.size @D = 8
!x = tensor<?x8xf32, #nn.axes<B, D>>
!w = tensor<8x8xf32, #nn.axes<D, D>>

nn.state @memory : tensor<?x8xf32, #nn.axes<B, D>>

// CHECK-LABEL: func.func @not_fused_when_the_product_has_several_results
// CHECK: nn.sigmoid
// CHECK: nn.add
func.func @not_fused_when_the_product_has_several_results(%x: !x, %w: tensor<16x8xf32, #nn.axes<"2*D", D>>) -> (!x, !x) {
  %a, %b = nn.linear %x, %w contracts 1 : (!x, tensor<16x8xf32, #nn.axes<"2*D", D>>) -> (!x, !x)
  // expected-remark @+1 {{Reason="the product has several results", Remark="not computed within the product"}}
  %s = nn.sigmoid %a : !x
  // expected-remark @+1 {{Reason="the product has several results", Remark="not computed within the product"}}
  %y = nn.add %x, %b : (!x, !x) -> !x
  return %y, %s : !x, !x
}

// CHECK-LABEL: func.func @not_fused_when_the_product_is_read_twice
// CHECK: nn.add
func.func @not_fused_when_the_product_is_read_twice(%x: !x, %w: !w) -> (!x, !x) {
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{the product itself is read elsewhere too}}
  %y = nn.add %x, %h : (!x, !x) -> !x
  return %y, %h : !x, !x
}

// CHECK-LABEL: func.func @not_fused_when_repeated
// CHECK: nn.add
func.func @not_fused_when_repeated(%x: !x, %w: !w, %p: tensor<?xf32, #nn.axes<B>>) -> !x {
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{the other operand is repeated along an axis}}
  %y = nn.add %h, %p : (!x, tensor<?xf32, #nn.axes<B>>) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @not_fused_when_the_product_is_repeated
// CHECK: nn.add
func.func @not_fused_when_the_product_is_repeated(%x: !x, %w: !w, %p: tensor<?x?x8xf32, #nn.axes<B, B, D>>) -> tensor<?x?x8xf32, #nn.axes<B, B, D>> {
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{the product is repeated along an axis}}
  %y = nn.add %p, %h : (tensor<?x?x8xf32, #nn.axes<B, B, D>>, !x) -> tensor<?x?x8xf32, #nn.axes<B, B, D>>
  return %y : tensor<?x?x8xf32, #nn.axes<B, B, D>>
}

// CHECK-LABEL: func.func @not_fused_without_rows
// CHECK: nn.add
func.func @not_fused_without_rows(%v: tensor<8xf32, #nn.axes<D>>, %w: !w) -> tensor<8xf32, #nn.axes<D>> {
  %h = nn.linear %v, %w contracts 1 : (tensor<8xf32, #nn.axes<D>>, !w) -> tensor<8xf32, #nn.axes<D>>
  // expected-remark @+1 {{the product is no matrix product of f32 rows}}
  %y = nn.add %h, %v : (tensor<8xf32, #nn.axes<D>>, tensor<8xf32, #nn.axes<D>>) -> tensor<8xf32, #nn.axes<D>>
  return %y : tensor<8xf32, #nn.axes<D>>
}

// CHECK-LABEL: func.func @not_fused_when_computed_from_state
// CHECK: nn.add
func.func @not_fused_when_computed_from_state(%x: !x, %w: !w) -> !x attributes {nn.entry} {
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  %r = nn.state_read @memory : !x
  // expected-remark @+1 {{the other operand is computed after the product}}
  %y = nn.add %r, %h : (!x, !x) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @not_fused_when_a_chain_leaves_two_values
// CHECK: nn.mul
func.func @not_fused_when_a_chain_leaves_two_values(%x: !x, %w: !w) -> (!x, !x) {
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{the product itself is read elsewhere too}}
  %s = nn.sigmoid %h : !x
  // expected-remark @+1 {{the product itself is read elsewhere too}}
  %y = nn.mul %h, %s : (!x, !x) -> !x
  return %y, %s : !x, !x
}

// CHECK-LABEL: func.func @no_residual_of_a_norm_that_is_read_twice
// CHECK: nn.add
func.func @no_residual_of_a_norm_that_is_read_twice(%x: !x) -> (!x, !x) {
  %n = nn.rms_norm %x eps 1.0e-6 : (!x) -> !x
  // expected-remark @+1 {{Reason="the norm is read elsewhere too", Remark="not computed within the norm"}}
  %y = nn.add %x, %n : (!x, !x) -> !x
  return %y, %n : !x, !x
}

// CHECK-LABEL: func.func @at_most_four_operands
// CHECK: nn.linear %{{.*}} with %{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}} contracts 1 then
// CHECK: nn.add
func.func @at_most_four_operands(%x: !x, %w: !w, %a: !x, %b: !x, %c: !x, %d: !x) -> !x {
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{add computed within the product}}
  %1 = nn.add %h, %x : (!x, !x) -> !x
  // expected-remark @+1 {{add computed within the product}}
  %2 = nn.add %1, %a : (!x, !x) -> !x
  // expected-remark @+1 {{add computed within the product}}
  %3 = nn.add %2, %b : (!x, !x) -> !x
  // expected-remark @+1 {{add computed within the product}}
  %4 = nn.add %3, %c : (!x, !x) -> !x
  // expected-remark @+1 {{the product reads as many operands as it may already}}
  %y = nn.add %4, %d : (!x, !x) -> !x
  return %y : !x
}

// -----

nn.size @B in 1 to 4
nn.size @C = 3
nn.size @D = 8
nn.size @Y = 6
!x = tensor<?x3x6xf32, #nn.axes<B, C, Y>>
!w = tensor<8x3x3xf32, #nn.axes<D, C, "3">>
!y = tensor<?x8x6xf32, #nn.axes<B, D, Y>>
!c = tensor<8xf32, #nn.axes<D>>

// A bias is there already; batch_norm's vectors have an element a channel.
// CHECK-LABEL: func.func @convolution
// CHECK: %[[Y:.*]] = nn.conv %{{.*}}, %{{.*}} with %[[V:.*]], %[[W:.*]], %[[B:.*]], %[[M:.*]], %[[R:.*]] stride [1] pad [1] dilation [1] then {
// CHECK-NEXT: ^bb0(%[[SUM:.*]]: f32,
// CHECK: math.sqrt
// CHECK: %[[N:.*]] = arith.addf
// CHECK-NEXT: %[[A:.*]] = arith.addf %[[N]], %{{.*}} : f32
// CHECK-NEXT: %[[P:.*]] = scalar.relu %[[A]]
// CHECK-NEXT: nn.yield %[[P]] : f32
// CHECK: return %[[Y]]
func.func @convolution(%x: !x, %w: !w, %g: !c, %b: !c, %m: !c, %v: !c, %r: !y) -> !y {
  %h = nn.conv %x, %w stride [1] pad [1] dilation [1] : (!x, !w) -> !y
  // expected-remark @+1 {{batch_norm computed within the product}}
  %n = nn.batch_norm %h, %g, %b mean %m variance %v eps 1.0e-5 : (!y, !c, !c, !c, !c) -> !y
  // expected-remark @+1 {{add computed within the product}}
  %a = nn.add %n, %r : (!y, !y) -> !y
  // expected-remark @+1 {{relu computed within the product}}
  %y = nn.relu %a : !y
  return %y : !y
}

// What lies along places is no vector over the channels.
// CHECK-LABEL: func.func @not_fused_along_places
// CHECK: nn.add
func.func @not_fused_along_places(%x: !x, %w: !w, %p: tensor<6xf32, #nn.axes<Y>>) -> !y {
  %h = nn.conv %x, %w stride [1] pad [1] dilation [1] : (!x, !w) -> !y
  // expected-remark @+1 {{the other operand is repeated along an axis}}
  %y = nn.add %h, %p : (!y, tensor<6xf32, #nn.axes<Y>>) -> !y
  return %y : !y
}

// CHECK-LABEL: func.func @not_fused_when_the_convolution_is_read_twice
// CHECK: nn.relu
func.func @not_fused_when_the_convolution_is_read_twice(%x: !x, %w: !w) -> (!y, !y) {
  %h = nn.conv %x, %w stride [1] pad [1] dilation [1] : (!x, !w) -> !y
  // expected-remark @+1 {{the product itself is read elsewhere too}}
  %y = nn.relu %h : !y
  return %h, %y : !y, !y
}
