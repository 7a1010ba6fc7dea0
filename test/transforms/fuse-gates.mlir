// RUN: heddle-opt %s --nn-fuse-epilogue=groups-in-pairs=false --split-input-file --verify-diagnostics --remarks-filter=nn-fuse-epilogue | FileCheck %s

nn.size @B in 1 to 4
nn.size @D = 8
nn.size @F = 12
!x = tensor<?x8xf32, #nn.axes<B, D>>
!h = tensor<?x12xf32, #nn.axes<B, F>>
!w = tensor<12x8xf32, #nn.axes<F, D>>
!b = tensor<12xf32, #nn.axes<F>>

// CHECK-LABEL: func.func @swiglu
// CHECK-SAME: %[[X:[a-z0-9]*]]: !
// CHECK: %[[W:.*]] = nn.weight "gate" then
// CHECK-NEXT: ["up"]
// CHECK-NEXT: of [!F_D, !F_D] : !_2xF_D
// CHECK-NEXT: %[[Y:.*]] = nn.linear %[[X]], %[[W]] contracts 1 paired then {
// CHECK-NEXT: ^bb0(%[[GATE:.*]]: f32, %[[UP:.*]]: f32):
// CHECK-NEXT: %[[F:.*]] = scalar.silu %[[GATE]]
// CHECK-NEXT: %[[M:.*]] = arith.mulf %[[F]], %[[UP]] : f32
// CHECK-NEXT: nn.yield %[[M]] : f32
// CHECK: return %[[Y]]
func.func @swiglu(%x: !x) -> !h attributes {nn.entry} {
  %w1 = nn.weight "gate" : !w
  %g = nn.linear %x, %w1 contracts 1 : (!x, !w) -> !h
  // expected-remark @+1 {{silu computed within the product}}
  %a = nn.silu %g : !h
  %w2 = nn.weight "up" : !w
  %u = nn.linear %x, %w2 contracts 1 : (!x, !w) -> !h
  // expected-remark @+1 {{fused to a gated product}}
  %y = nn.mul %a, %u : (!h, !h) -> !h
  return %y : !h
}

// The factor with the activation is the gate, wherever it stands; biases are joined like weights.
// CHECK-LABEL: func.func @gate_on_the_right
// CHECK: %[[W:.*]] = nn.weight "g" then
// CHECK-NEXT: ["u"]
// CHECK-NEXT: of {{.*}} : !D_2xF
// CHECK: %[[BIAS:.*]] = nn.weight "gb" then
// CHECK-NEXT: ["ub"]
// CHECK-NEXT: of {{.*}} : !_2xF
// CHECK-NEXT: nn.linear %{{.*}}, %[[W]] bias %[[BIAS]] contracts 1 in_out paired then {
// CHECK-NEXT: ^bb0(%[[GATE:.*]]: f32, %[[UP:.*]]: f32):
// CHECK-NEXT: %[[F:.*]] = scalar.gelu %[[GATE]]
// CHECK-NEXT: %[[M:.*]] = arith.mulf %[[UP]], %[[F]] : f32
// CHECK-NEXT: nn.yield %[[M]] : f32
func.func @gate_on_the_right(%x: !x) -> !h attributes {nn.entry} {
  %w2 = nn.weight "u" : tensor<8x12xf32, #nn.axes<D, F>>
  %b2 = nn.weight "ub" : !b
  %u = nn.linear %x, %w2 bias %b2 contracts 1 in_out : (!x, tensor<8x12xf32, #nn.axes<D, F>>, !b) -> !h
  %w1 = nn.weight "g" : tensor<8x12xf32, #nn.axes<D, F>>
  %b1 = nn.weight "gb" : !b
  %g = nn.linear %x, %w1 bias %b1 contracts 1 in_out : (!x, tensor<8x12xf32, #nn.axes<D, F>>, !b) -> !h
  // expected-remark @+1 {{gelu computed within the product}}
  %a = nn.gelu %g : !h
  // expected-remark @+1 {{fused to a gated product}}
  %y = nn.mul %u, %a : (!h, !h) -> !h
  return %y : !h
}

// CHECK-LABEL: func.func @activation_fused_before
// CHECK: nn.weight "rg" then
// CHECK-NEXT: ["ru"]
// CHECK: nn.linear %{{.*}} contracts 1 paired then {
// CHECK-NEXT: ^bb0(%[[GATE:.*]]: f32, %[[UP:.*]]: f32):
// CHECK-NEXT: %[[F:.*]] = scalar.relu %[[GATE]]
// CHECK-NEXT: %[[M:.*]] = arith.mulf %[[UP]], %[[F]] : f32
// CHECK-NEXT: nn.yield %[[M]] : f32
func.func @activation_fused_before(%x: !x) -> !h attributes {nn.entry} {
  %w2 = nn.weight "ru" : !w
  %u = nn.linear %x, %w2 contracts 1 : (!x, !w) -> !h
  %w1 = nn.weight "rg" : !w
  %g = nn.linear %x, %w1 contracts 1 then {
  ^bb0(%sum: f32):
    %0 = scalar.relu %sum
    nn.yield %0 : f32
  } : (!x, !w) -> !h
  // expected-remark @+1 {{fused to a gated product}}
  %y = nn.mul %u, %g : (!h, !h) -> !h
  return %y : !h
}

// One tensor holds both: nothing is joined.
// CHECK-LABEL: func.func @halves_of_one_product
// CHECK: %[[Y:.*]] = nn.linear %{{.*}}, %{{.*}} contracts 1 paired then {
// CHECK-NEXT: ^bb0(%[[GATE:.*]]: f32, %[[UP:.*]]: f32):
// CHECK-NEXT: %[[F:.*]] = scalar.sigmoid %[[GATE]]
// CHECK-NEXT: %[[M:.*]] = arith.mulf %[[UP]], %[[F]] : f32
// CHECK-NEXT: nn.yield %[[M]] : f32
// CHECK: return %[[Y]]
func.func @halves_of_one_product(%x: !x, %w: tensor<24x8xf32, #nn.axes<"2*F", D>>) -> !h attributes {nn.entry} {
  %g, %u = nn.linear %x, %w contracts 1 : (!x, tensor<24x8xf32, #nn.axes<"2*F", D>>) -> (!h, !h)
  %a = nn.sigmoid %g : !h
  // expected-remark @+1 {{fused to a gated product}}
  %y = nn.mul %u, %a : (!h, !h) -> !h
  return %y : !h
}

// CHECK-LABEL: func.func @halves_made_by_split
// CHECK: %[[Y:.*]] = nn.linear %{{.*}}, %{{.*}} contracts 1 paired then {
// CHECK-NEXT: ^bb0(%[[GATE:.*]]: f32, %[[UP:.*]]: f32):
// CHECK-NEXT: %[[F:.*]] = scalar.silu %[[GATE]]
// CHECK-NEXT: %[[M:.*]] = arith.mulf %[[F]], %[[UP]] : f32
// CHECK-NEXT: nn.yield %[[M]] : f32
// CHECK: return %[[Y]]
func.func @halves_made_by_split(%x: !x, %w: tensor<24x8xf32, #nn.axes<"2*F", D>>) -> !h attributes {nn.entry} {
  %gu = nn.linear %x, %w contracts 1 : (!x, tensor<24x8xf32, #nn.axes<"2*F", D>>) -> tensor<?x24xf32, #nn.axes<B, "2*F">>
  %g, %u = nn.split %gu along 1 : (tensor<?x24xf32, #nn.axes<B, "2*F">>) -> (!h, !h)
  %a = nn.silu %g : !h
  // expected-remark @+1 {{fused to a gated product}}
  %y = nn.mul %a, %u : (!h, !h) -> !h
  return %y : !h
}

// What is made of a factor may be any chain; here it reads the first half twice.
// CHECK-LABEL: func.func @chain_of_a_half
// CHECK: %[[Y:.*]] = nn.linear %{{.*}}, %{{.*}} with %{{.*}} contracts 1 paired then {
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32, %[[BETA:.*]]: f32):
// CHECK-NEXT: %[[M:.*]] = arith.mulf %[[A]], %[[BETA]]
// CHECK-NEXT: %[[S:.*]] = scalar.sigmoid %[[M]]
// CHECK-NEXT: %[[G:.*]] = arith.mulf %[[A]], %[[S]]
// CHECK-NEXT: %[[P:.*]] = arith.mulf %[[B]], %[[G]]
// CHECK-NEXT: nn.yield %[[P]]
func.func @chain_of_a_half(%x: !x, %w: tensor<24x8xf32, #nn.axes<"2*F", D>>, %beta: !b) -> !h attributes {nn.entry} {
  %a, %b = nn.linear %x, %w contracts 1 : (!x, tensor<24x8xf32, #nn.axes<"2*F", D>>) -> (!h, !h)
  %m = nn.mul %a, %beta : (!h, !b) -> !h
  %s = nn.sigmoid %m : !h
  %g = nn.mul %a, %s : (!h, !h) -> !h
  // expected-remark @+1 {{fused to a gated product}}
  %y = nn.mul %b, %g : (!h, !h) -> !h
  return %y : !h
}

// A highway: both sums, and x beside them.
// CHECK-LABEL: func.func @highway
// CHECK: nn.weight "p" then
// CHECK-NEXT: ["t"]
// CHECK: nn.linear %{{.*}} with %{{.*}} contracts 1 paired then {
// CHECK-NEXT: ^bb0(%[[P:.*]]: f32, %[[T:.*]]: f32, %[[R:.*]]: f32):
// CHECK: scalar.sigmoid %[[T]]
// CHECK: arith.subf
// CHECK: arith.mulf %{{.*}}, %[[R]]
// CHECK: arith.addf
func.func @highway(%x: !x, %r: !h) -> !h attributes {nn.entry} {
  %one = nn.constant 1.0 : tensor<f32, #nn.axes<>>
  %w1 = nn.weight "t" : !w
  %t0 = nn.linear %x, %w1 contracts 1 : (!x, !w) -> !h
  // expected-remark @+1 {{sigmoid computed within the product}}
  %t = nn.sigmoid %t0 : !h
  %w2 = nn.weight "p" : !w
  %p = nn.linear %x, %w2 contracts 1 : (!x, !w) -> !h
  // expected-remark @+1 {{Reason="a factor is read elsewhere too", Remark="not fused to a gated product"}}
  %a = nn.mul %t, %p : (!h, !h) -> !h
  %n = nn.sub %one, %t : (tensor<f32, #nn.axes<>>, !h) -> !h
  %b = nn.mul %n, %r : (!h, !h) -> !h
  // expected-remark @+1 {{fused to a gated product}}
  %y = nn.add %a, %b : (!h, !h) -> !h
  return %y : !h
}

// CHECK-LABEL: func.func @bilinear_halves
// CHECK: nn.linear %{{.*}}, %{{.*}} contracts 1 paired then {
func.func @bilinear_halves(%x: !x, %w: tensor<24x8xf32, #nn.axes<"2*F", D>>) -> !h attributes {nn.entry} {
  %a, %b = nn.linear %x, %w contracts 1 : (!x, tensor<24x8xf32, #nn.axes<"2*F", D>>) -> (!h, !h)
  // expected-remark @+1 {{fused to a gated product}}
  %y = nn.mul %b, %a : (!h, !h) -> !h
  return %y : !h
}

// Products of two inputs are no gate: one reads the other.
// CHECK-LABEL: func.func @not_of_one_input
// CHECK: nn.linear %{{.*}} contracts 1 :
// CHECK: nn.linear %{{.*}} with %{{.*}} contracts 1 then
func.func @not_of_one_input(%x: !x, %z: !x, %w: !w) -> !h attributes {nn.entry} {
  %a = nn.linear %x, %w contracts 1 : (!x, !w) -> !h
  %b = nn.linear %z, %w contracts 1 : (!x, !w) -> !h
  // expected-remark @+1 {{mul computed within the product}}
  %y = nn.mul %a, %b : (!h, !h) -> !h
  return %y : !h
}

// -----

nn.size @B in 1 to 4
nn.size @D = 8
!x = tensor<?x8xf32, #nn.axes<B, D>>
!w = tensor<8x8xf32, #nn.axes<D, D>>
!both = tensor<16x8xf32, #nn.axes<"2*D", D>>

// CHECK-LABEL: func.func @not_fused_when_a_factor_is_read_elsewhere
// CHECK: nn.mul
func.func @not_fused_when_a_factor_is_read_elsewhere(%x: !x, %w: !both) -> (!x, !x) attributes {nn.entry} {
  %a, %b = nn.linear %x, %w contracts 1 : (!x, !both) -> (!x, !x)
  // expected-remark @+1 {{Reason="the product has several results", Remark="not computed within the product"}}
  %s = nn.silu %a : !x
  // expected-remark @+2 {{Reason="the product has several results", Remark="not computed within the product"}}
  // expected-remark @+1 {{Reason="a factor is read elsewhere too", Remark="not fused to a gated product"}}
  %y = nn.mul %s, %b : (!x, !x) -> !x
  return %y, %s : !x, !x
}

// CHECK-LABEL: func.func @not_fused_when_a_factor_is_repeated
// CHECK: nn.mul
func.func @not_fused_when_a_factor_is_repeated(%x: tensor<?x2x8xf32, #nn.axes<B, H, D>>, %one: tensor<2x16xf32, #nn.axes<H, "D*H">>, %w: tensor<2x8xf32, #nn.axes<H, D>>) -> tensor<?x2x2xf32, #nn.axes<B, H, H>> attributes {nn.entry} {
  %a = nn.linear %x, %one contracts 2 : (tensor<?x2x8xf32, #nn.axes<B, H, D>>, tensor<2x16xf32, #nn.axes<H, "D*H">>) -> tensor<?x2xf32, #nn.axes<B, H>>
  %b = nn.linear %x, %w contracts 1 : (tensor<?x2x8xf32, #nn.axes<B, H, D>>, tensor<2x8xf32, #nn.axes<H, D>>) -> tensor<?x2x2xf32, #nn.axes<B, H, H>>
  // expected-remark @+2 {{Reason="the other operand is repeated along an axis", Remark="not computed within the product"}}
  // expected-remark @+1 {{a factor is repeated along an axis of the other}}
  %y = nn.mul %a, %b : (tensor<?x2xf32, #nn.axes<B, H>>, tensor<?x2x2xf32, #nn.axes<B, H, H>>) -> tensor<?x2x2xf32, #nn.axes<B, H, H>>
  return %y : tensor<?x2x2xf32, #nn.axes<B, H, H>>
}

// CHECK-LABEL: func.func @not_fused_without_rows
// CHECK: nn.mul
func.func @not_fused_without_rows(%v: tensor<8xf32, #nn.axes<D>>, %w: !both) -> tensor<8xf32, #nn.axes<D>> attributes {nn.entry} {
  %a, %b = nn.linear %v, %w contracts 1 : (tensor<8xf32, #nn.axes<D>>, !both) -> (tensor<8xf32, #nn.axes<D>>, tensor<8xf32, #nn.axes<D>>)
  // expected-remark @+2 {{Reason="the product has several results", Remark="not computed within the product"}}
  // expected-remark @+1 {{the product is no matrix product of f32 rows}}
  %y = nn.mul %a, %b : (tensor<8xf32, #nn.axes<D>>, tensor<8xf32, #nn.axes<D>>) -> tensor<8xf32, #nn.axes<D>>
  return %y : tensor<8xf32, #nn.axes<D>>
}

// CHECK-LABEL: func.func @not_fused_when_there_are_three_results
// CHECK: nn.mul
func.func @not_fused_when_there_are_three_results(%x: !x, %w: tensor<24x8xf32, #nn.axes<"3*D", D>>) -> (!x, !x) attributes {nn.entry} {
  %a, %b, %c = nn.linear %x, %w contracts 1 : (!x, tensor<24x8xf32, #nn.axes<"3*D", D>>) -> (!x, !x, !x)
  // expected-remark @+2 {{Reason="the product has several results", Remark="not computed within the product"}}
  // expected-remark @+1 {{the product has more than two results}}
  %y = nn.mul %a, %b : (!x, !x) -> !x
  return %y, %c : !x, !x
}

// CHECK-LABEL: func.func @gate_in_the_second_half
// CHECK: nn.linear %{{.*}}, %{{.*}} contracts 1 paired then {
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32):
// CHECK-NEXT: %[[S:.*]] = scalar.silu %[[B]]
// CHECK-NEXT: arith.mulf %[[A]], %[[S]]
func.func @gate_in_the_second_half(%x: !x, %w: !both) -> !x attributes {nn.entry} {
  %a, %b = nn.linear %x, %w contracts 1 : (!x, !both) -> (!x, !x)
  %s = nn.silu %b : !x
  // expected-remark @+1 {{fused to a gated product}}
  %y = nn.mul %a, %s : (!x, !x) -> !x
  return %y : !x
}

// What is done to all columns of a product before they are split is done to both halves.
// CHECK-LABEL: func.func @both_halves
// CHECK: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32):
// CHECK-NEXT: %[[R:.*]] = scalar.relu %[[A]]
// CHECK-NEXT: %[[T:.*]] = scalar.relu %[[B]]
// CHECK-NEXT: arith.mulf %[[R]], %[[T]]
func.func @both_halves(%x: !x, %w: !both) -> !x attributes {nn.entry} {
  %a, %b = nn.linear %x, %w contracts 1 then {
  ^bb0(%sum: f32):
    %0 = scalar.relu %sum
    nn.yield %0 : f32
  } : (!x, !both) -> (!x, !x)
  // expected-remark @+1 {{fused to a gated product}}
  %y = nn.mul %a, %b : (!x, !x) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @no_gate_when_a_factor_is_one_of_several_results
// CHECK-NOT: paired
// CHECK: nn.linear %{{.*}} with %{{.*}} contracts 1{{.*}} then
func.func @no_gate_when_a_factor_is_one_of_several_results(%x: !x, %w: !both) -> (!x, !x) attributes {nn.entry} {
  %a, %b = nn.linear %x, %w contracts 1 : (!x, !both) -> (!x, !x)
  %w2 = nn.weight "c" : !w
  %c = nn.linear %x, %w2 contracts 1 : (!x, !w) -> !x
  // expected-remark @+2 {{mul computed within the product}}
  // expected-remark @+1 {{a factor is one of several results of a product}}
  %y = nn.mul %a, %c : (!x, !x) -> !x
  return %y, %b : !x, !x
}

// CHECK-LABEL: func.func @two_activations
// CHECK: nn.linear %{{.*}} contracts 1 paired then {
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32):
// CHECK-NEXT: %[[R:.*]] = scalar.relu %[[A]]
// CHECK-NEXT: %[[S:.*]] = scalar.silu %[[B]]
// CHECK-NEXT: arith.mulf %[[R]], %[[S]]
func.func @two_activations(%x: !x) -> !x attributes {nn.entry} {
  %w1 = nn.weight "d" : !w
  %a = nn.linear %x, %w1 contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{relu computed within the product}}
  %r = nn.relu %a : !x
  %w2 = nn.weight "e" : !w
  %b = nn.linear %x, %w2 contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{silu computed within the product}}
  %s = nn.silu %b : !x
  // expected-remark @+1 {{fused to a gated product}}
  %y = nn.mul %r, %s : (!x, !x) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @residual_of_a_factor
// CHECK: nn.linear %{{.*}} with %{{.*}} contracts 1 paired then {
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32, %[[R:.*]]: f32):
// CHECK-NEXT: %[[S:.*]] = arith.addf %[[R]], %[[A]]
// CHECK-NEXT: arith.mulf %[[S]], %[[B]]
func.func @residual_of_a_factor(%x: !x) -> !x attributes {nn.entry} {
  %w1 = nn.weight "f" : !w
  %a = nn.linear %x, %w1 with %x contracts 1 then {
  ^bb0(%sum: f32, %residual: f32):
    %0 = arith.addf %residual, %sum : f32
    nn.yield %0 : f32
  } : (!x, !w, !x) -> !x
  %w2 = nn.weight "g" : !w
  %b = nn.linear %x, %w2 contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{fused to a gated product}}
  %y = nn.mul %a, %b : (!x, !x) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @no_gate_of_a_gate
// CHECK: nn.linear %{{.*}} contracts 1 paired then
// CHECK: nn.linear %{{.*}} with %{{.*}} contracts 1 then
func.func @no_gate_of_a_gate(%x: !x) -> !x attributes {nn.entry} {
  %w1 = nn.weight "gg1" : !w
  %a = nn.linear %x, %w1 contracts 1 : (!x, !w) -> !x
  %w2 = nn.weight "gg2" : !w
  %b = nn.linear %x, %w2 contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{fused to a gated product}}
  %g = nn.mul %a, %b : (!x, !x) -> !x
  %w3 = nn.weight "gg3" : !w
  %c = nn.linear %x, %w3 contracts 1 : (!x, !w) -> !x
  // expected-remark @+2 {{mul computed within the product}}
  // expected-remark @+1 {{a factor is more than a product already}}
  %y = nn.mul %g, %c : (!x, !x) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @no_gate_when_a_weight_is_read_elsewhere
// CHECK-NOT: paired
// CHECK: nn.linear %{{.*}} with %{{.*}} contracts 1{{.*}} then
func.func @no_gate_when_a_weight_is_read_elsewhere(%x: !x) -> !x attributes {nn.entry} {
  %w1 = nn.weight "h" : !w
  %a = nn.linear %x, %w1 contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{silu computed within the product}}
  %s = nn.silu %a : !x
  %b = nn.linear %x, %w1 contracts 1 in_out : (!x, !w) -> !x
  // expected-remark @+2 {{mul computed within the product}}
  // expected-remark @+1 {{its weight is read elsewhere too}}
  %y = nn.mul %s, %b : (!x, !x) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @no_gate_when_the_products_differ
// CHECK-NOT: paired
// CHECK: nn.linear %{{.*}} with %{{.*}} contracts 1{{.*}} then
func.func @no_gate_when_the_products_differ(%x: !x) -> !x attributes {nn.entry} {
  %w1 = nn.weight "i" : !w
  %a = nn.linear %x, %w1 contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{silu computed within the product}}
  %s = nn.silu %a : !x
  %w2 = nn.weight "j" : !w
  %b = nn.linear %x, %w2 contracts 1 in_out : (!x, !w) -> !x
  // expected-remark @+2 {{mul computed within the product}}
  // expected-remark @+1 {{its weight is stored the other way round}}
  %y = nn.mul %s, %b : (!x, !x) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @not_fused_when_quantised_in_groups
// CHECK: nn.mul
func.func @not_fused_when_quantised_in_groups(%n: tensor<?x8x!nn.dynamic<32>, #nn.axes<B, D>>) -> !x attributes {nn.entry} {
  %w = nn.weight "q" stored q4 : !both
  %a, %b = nn.linear %n, %w contracts 1 : (tensor<?x8x!nn.dynamic<32>, #nn.axes<B, D>>, !both) -> (!x, !x)
  // expected-remark @+1 {{Reason="the product has several results", Remark="not computed within the product"}}
  %s = nn.silu %a : !x
  // expected-remark @+2 {{Reason="the product has several results", Remark="not computed within the product"}}
  // expected-remark @+1 {{weights in groups are read faster without}}
  %y = nn.mul %s, %b : (!x, !x) -> !x
  return %y : !x
}
