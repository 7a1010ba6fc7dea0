// RUN: heddle-opt %s --nn-fuse-feed-forward --split-input-file --verify-diagnostics | FileCheck %s

nn.size @B in 1 to 4
nn.size @D = 8
nn.size @F = 12
!x = tensor<?x8xf32, #nn.axes<B, D>>
!h = tensor<?x12xf32, #nn.axes<B, F>>
!w = tensor<12x8xf32, #nn.axes<F, D>>
!b = tensor<12xf32, #nn.axes<F>>

// CHECK-LABEL: func.func @swiglu
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor
// CHECK: %[[W:.*]] = nn.weight "gate" then ["up"] of [tensor<12x8xf32, #nn.axes<F, D>>, tensor<12x8xf32, #nn.axes<F, D>>] : tensor<24x8xf32, #nn.axes<"2*F", D>>
// CHECK-NEXT: %[[Y:.*]] = nn.linear %[[X]], %[[W]] contracts 1 gated activation silu :
// CHECK-NEXT: return %[[Y]]
func.func @swiglu(%x: !x) -> !h attributes {nn.entry} {
  %w1 = nn.weight "gate" : !w
  %g = nn.linear %x, %w1 contracts 1 : (!x, !w) -> !h
  %a = nn.silu %g : !h
  %w2 = nn.weight "up" : !w
  %u = nn.linear %x, %w2 contracts 1 : (!x, !w) -> !h
  // expected-remark @+1 {{fused to a gated product with silu}}
  %y = nn.mul %a, %u : (!h, !h) -> !h
  return %y : !h
}

// The factor with the activation is the gate, wherever it stands; biases are joined like weights.
// CHECK-LABEL: func.func @gate_on_the_right
// CHECK: %[[W:.*]] = nn.weight "g" then ["u"] {{.*}} : tensor<8x24xf32, #nn.axes<D, "2*F">>
// CHECK: %[[BIAS:.*]] = nn.weight "gb" then ["ub"] {{.*}} : tensor<24xf32, #nn.axes<"2*F">>
// CHECK-NEXT: nn.linear %{{.*}}, %[[W]] bias %[[BIAS]] contracts 1 in_out gated activation gelu :
func.func @gate_on_the_right(%x: !x) -> !h attributes {nn.entry} {
  %w2 = nn.weight "u" : tensor<8x12xf32, #nn.axes<D, F>>
  %b2 = nn.weight "ub" : !b
  %u = nn.linear %x, %w2 bias %b2 contracts 1 in_out : (!x, tensor<8x12xf32, #nn.axes<D, F>>, !b) -> !h
  %w1 = nn.weight "g" : tensor<8x12xf32, #nn.axes<D, F>>
  %b1 = nn.weight "gb" : !b
  %g = nn.linear %x, %w1 bias %b1 contracts 1 in_out : (!x, tensor<8x12xf32, #nn.axes<D, F>>, !b) -> !h
  %a = nn.gelu %g : !h
  // expected-remark @+1 {{fused to a gated product with gelu}}
  %y = nn.mul %u, %a : (!h, !h) -> !h
  return %y : !h
}

// CHECK-LABEL: func.func @activation_fused_before
// CHECK: nn.weight "rg" then ["ru"]
// CHECK: nn.linear %{{.*}} contracts 1 gated activation relu :
func.func @activation_fused_before(%x: !x) -> !h attributes {nn.entry} {
  %w2 = nn.weight "ru" : !w
  %u = nn.linear %x, %w2 contracts 1 : (!x, !w) -> !h
  %w1 = nn.weight "rg" : !w
  %g = nn.linear %x, %w1 contracts 1 activation relu : (!x, !w) -> !h
  // expected-remark @+1 {{fused to a gated product with relu}}
  %y = nn.mul %u, %g : (!h, !h) -> !h
  return %y : !h
}

// One tensor holds both: nothing is joined.
// CHECK-LABEL: func.func @halves_of_one_product
// CHECK: %[[Y:.*]] = nn.linear %{{.*}}, %{{.*}} contracts 1 gated activation sigmoid :
// CHECK-NEXT: return %[[Y]]
func.func @halves_of_one_product(%x: !x, %w: tensor<24x8xf32, #nn.axes<"2*F", D>>) -> !h attributes {nn.entry} {
  %g, %u = nn.linear %x, %w contracts 1 : (!x, tensor<24x8xf32, #nn.axes<"2*F", D>>) -> (!h, !h)
  %a = nn.sigmoid %g : !h
  // expected-remark @+1 {{fused to a gated product with sigmoid}}
  %y = nn.mul %u, %a : (!h, !h) -> !h
  return %y : !h
}

// CHECK-LABEL: func.func @halves_made_by_split
// CHECK: %[[Y:.*]] = nn.linear %{{.*}}, %{{.*}} contracts 1 gated activation silu :
// CHECK-NEXT: return %[[Y]]
func.func @halves_made_by_split(%x: !x, %w: tensor<24x8xf32, #nn.axes<"2*F", D>>) -> !h attributes {nn.entry} {
  %gu = nn.linear %x, %w contracts 1 : (!x, tensor<24x8xf32, #nn.axes<"2*F", D>>) -> tensor<?x24xf32, #nn.axes<B, "2*F">>
  %g, %u = nn.split %gu along 1 : (tensor<?x24xf32, #nn.axes<B, "2*F">>) -> (!h, !h)
  %a = nn.silu %g : !h
  // expected-remark @+1 {{fused to a gated product with silu}}
  %y = nn.mul %a, %u : (!h, !h) -> !h
  return %y : !h
}

// CHECK-LABEL: func.func @bilinear_halves
// CHECK: nn.linear %{{.*}}, %{{.*}} contracts 1 gated :
func.func @bilinear_halves(%x: !x, %w: tensor<24x8xf32, #nn.axes<"2*F", D>>) -> !h attributes {nn.entry} {
  %a, %b = nn.linear %x, %w contracts 1 : (!x, tensor<24x8xf32, #nn.axes<"2*F", D>>) -> (!h, !h)
  // expected-remark @+1 {{fused to a gated product}}
  %y = nn.mul %b, %a : (!h, !h) -> !h
  return %y : !h
}

// CHECK-LABEL: func.func @not_of_one_input
// CHECK: nn.mul
func.func @not_of_one_input(%x: !x, %z: !x, %w: !w) -> !h attributes {nn.entry} {
  %a = nn.linear %x, %w contracts 1 : (!x, !w) -> !h
  %b = nn.linear %z, %w contracts 1 : (!x, !w) -> !h
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
  %s = nn.silu %a : !x
  // expected-remark @+1 {{not fused to a gated product: a factor is read elsewhere too}}
  %y = nn.mul %s, %b : (!x, !x) -> !x
  return %y, %s : !x, !x
}

// CHECK-LABEL: func.func @not_fused_when_a_factor_is_repeated
// CHECK: nn.mul
func.func @not_fused_when_a_factor_is_repeated(%x: tensor<?x2x8xf32, #nn.axes<B, H, D>>, %one: tensor<2x16xf32, #nn.axes<H, "D*H">>, %w: tensor<2x8xf32, #nn.axes<H, D>>) -> tensor<?x2x2xf32, #nn.axes<B, H, H>> attributes {nn.entry} {
  %a = nn.linear %x, %one contracts 2 : (tensor<?x2x8xf32, #nn.axes<B, H, D>>, tensor<2x16xf32, #nn.axes<H, "D*H">>) -> tensor<?x2xf32, #nn.axes<B, H>>
  %b = nn.linear %x, %w contracts 1 : (tensor<?x2x8xf32, #nn.axes<B, H, D>>, tensor<2x8xf32, #nn.axes<H, D>>) -> tensor<?x2x2xf32, #nn.axes<B, H, H>>
  // expected-remark @+1 {{a factor is repeated along an axis of the other}}
  %y = nn.mul %a, %b : (tensor<?x2xf32, #nn.axes<B, H>>, tensor<?x2x2xf32, #nn.axes<B, H, H>>) -> tensor<?x2x2xf32, #nn.axes<B, H, H>>
  return %y : tensor<?x2x2xf32, #nn.axes<B, H, H>>
}

// CHECK-LABEL: func.func @not_fused_without_rows
// CHECK: nn.mul
func.func @not_fused_without_rows(%v: tensor<8xf32, #nn.axes<D>>, %w: !both) -> tensor<8xf32, #nn.axes<D>> attributes {nn.entry} {
  %a, %b = nn.linear %v, %w contracts 1 : (tensor<8xf32, #nn.axes<D>>, !both) -> (tensor<8xf32, #nn.axes<D>>, tensor<8xf32, #nn.axes<D>>)
  // expected-remark @+1 {{the product is no matrix product of f32 rows}}
  %y = nn.mul %a, %b : (tensor<8xf32, #nn.axes<D>>, tensor<8xf32, #nn.axes<D>>) -> tensor<8xf32, #nn.axes<D>>
  return %y : tensor<8xf32, #nn.axes<D>>
}

// CHECK-LABEL: func.func @not_fused_when_there_are_three_results
// CHECK: nn.mul
func.func @not_fused_when_there_are_three_results(%x: !x, %w: tensor<24x8xf32, #nn.axes<"3*D", D>>) -> (!x, !x) attributes {nn.entry} {
  %a, %b, %c = nn.linear %x, %w contracts 1 : (!x, tensor<24x8xf32, #nn.axes<"3*D", D>>) -> (!x, !x, !x)
  // expected-remark @+1 {{the product has more than two results}}
  %y = nn.mul %a, %b : (!x, !x) -> !x
  return %y, %c : !x, !x
}

// CHECK-LABEL: func.func @not_fused_when_the_gate_is_the_second_half
// CHECK: nn.mul
func.func @not_fused_when_the_gate_is_the_second_half(%x: !x, %w: !both) -> !x attributes {nn.entry} {
  %a, %b = nn.linear %x, %w contracts 1 : (!x, !both) -> (!x, !x)
  %s = nn.silu %b : !x
  // expected-remark @+1 {{the gate is the second half of the product}}
  %y = nn.mul %a, %s : (!x, !x) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @not_fused_when_both_halves_are_activated
// CHECK: nn.mul
func.func @not_fused_when_both_halves_are_activated(%x: !x, %w: !both) -> !x attributes {nn.entry} {
  %a, %b = nn.linear %x, %w contracts 1 activation relu : (!x, !both) -> (!x, !x)
  // expected-remark @+1 {{both factors have an activation}}
  %y = nn.mul %a, %b : (!x, !x) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @not_fused_when_a_factor_is_one_of_several_results
// CHECK: nn.mul
func.func @not_fused_when_a_factor_is_one_of_several_results(%x: !x, %w: !both) -> (!x, !x) attributes {nn.entry} {
  %a, %b = nn.linear %x, %w contracts 1 : (!x, !both) -> (!x, !x)
  %w2 = nn.weight "c" : !w
  %c = nn.linear %x, %w2 contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{a factor is one of several results of a product}}
  %y = nn.mul %a, %c : (!x, !x) -> !x
  return %y, %b : !x, !x
}

// CHECK-LABEL: func.func @not_fused_with_two_activations
// CHECK: nn.mul
func.func @not_fused_with_two_activations(%x: !x) -> !x attributes {nn.entry} {
  %w1 = nn.weight "d" : !w
  %a = nn.linear %x, %w1 contracts 1 activation relu : (!x, !w) -> !x
  %w2 = nn.weight "e" : !w
  %b = nn.linear %x, %w2 contracts 1 activation silu : (!x, !w) -> !x
  // expected-remark @+1 {{there is more than one activation}}
  %y = nn.mul %a, %b : (!x, !x) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @not_fused_when_a_residual_comes_between
// CHECK: nn.mul
func.func @not_fused_when_a_residual_comes_between(%x: !x) -> !x attributes {nn.entry} {
  %w1 = nn.weight "f" : !w
  %a = nn.linear %x, %w1 residual %x contracts 1 : (!x, !w, !x) -> !x
  %w2 = nn.weight "g" : !w
  %b = nn.linear %x, %w2 contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{a factor is more than a product already}}
  %y = nn.mul %a, %b : (!x, !x) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @not_fused_when_a_weight_is_read_elsewhere
// CHECK: nn.mul
func.func @not_fused_when_a_weight_is_read_elsewhere(%x: !x) -> !x attributes {nn.entry} {
  %w1 = nn.weight "h" : !w
  %a = nn.linear %x, %w1 contracts 1 : (!x, !w) -> !x
  %s = nn.silu %a : !x
  %b = nn.linear %x, %w1 contracts 1 in_out : (!x, !w) -> !x
  // expected-remark @+1 {{its weight is read elsewhere too}}
  %y = nn.mul %s, %b : (!x, !x) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @not_fused_when_the_products_differ
// CHECK: nn.mul
func.func @not_fused_when_the_products_differ(%x: !x) -> !x attributes {nn.entry} {
  %w1 = nn.weight "i" : !w
  %a = nn.linear %x, %w1 contracts 1 : (!x, !w) -> !x
  %s = nn.silu %a : !x
  %w2 = nn.weight "j" : !w
  %b = nn.linear %x, %w2 contracts 1 in_out : (!x, !w) -> !x
  // expected-remark @+1 {{its weight is stored the other way round}}
  %y = nn.mul %s, %b : (!x, !x) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @not_fused_when_quantised_in_groups
// CHECK: nn.mul
func.func @not_fused_when_quantised_in_groups(%n: tensor<?x8x!nn.dynamic<32>, #nn.axes<B, D>>) -> !x attributes {nn.entry} {
  %w = nn.weight "q" stored q4 : !both
  %a, %b = nn.linear %n, %w contracts 1 : (tensor<?x8x!nn.dynamic<32>, #nn.axes<B, D>>, !both) -> (!x, !x)
  %s = nn.silu %a : !x
  // expected-remark @+1 {{weights in groups are read faster without}}
  %y = nn.mul %s, %b : (!x, !x) -> !x
  return %y : !x
}
