// Every op of nn is read and written again, in its own form and in the generic one.
// RUN: heddle-opt %s | heddle-opt | FileCheck %s
// RUN: heddle-opt %s --mlir-print-op-generic | heddle-opt | FileCheck %s

// CHECK: #numbers = #nn.numbers<[1.0, 0.1]>
// CHECK: #numbers1 = #nn.numbers<[1.0, 0.2154434690031884]>
// CHECK: nn.size @D = 8
nn.size @D = 8
// CHECK: nn.size @B in 1 to 256{{$}}
nn.size @B in 1 to 256
// CHECK: nn.size @T in 1 to 512 per @B
nn.size @T in 1 to 512 per @B
// CHECK: nn.size @S in 0 to 512 per @B
nn.size @S in 0 to 512 per @B
// CHECK: nn.size @M in 16 to 64 step 16{{$}}
nn.size @M in 16 to 64 step 16
// CHECK: nn.size @U as @T
nn.size @U as @T
// CHECK: nn.state @memory : !B_T_D
nn.state @memory : tensor<?x?x8xf32, #nn.axes<B, T, D>>

//===--- Structure ------------------------------------------------------------------------------------===//

// CHECK-LABEL: @states
func.func @states() {
  // CHECK: %[[M:.*]] = nn.state_read @memory : !B_T_D
  %m = nn.state_read @memory : tensor<?x?x8xf32, #nn.axes<B, T, D>>
  // CHECK: nn.state_write @memory, %[[M]] : !B_T_D
  nn.state_write @memory, %m : tensor<?x?x8xf32, #nn.axes<B, T, D>>
  return
}

// CHECK-LABEL: @weights_by_path
func.func @weights_by_path(%l: index) -> (tensor<6x8xf32, #nn.axes<"3*C", D>>, tensor<5xf32, #nn.axes<"5">>) {
  // CHECK: nn.weight "h.{0}.attn"[%{{.*}}] : !_3xC_D
  %a = nn.weight "h.{0}.attn" [%l] : tensor<6x8xf32, #nn.axes<"3*C", D>>
  // CHECK: nn.weight absolute "shared.weight" : !_5_
  %b = nn.weight absolute "shared.weight" : tensor<5xf32, #nn.axes<"5">>
  // CHECK: nn.weight "q.{0}" then
  // CHECK-NEXT: ["k.{0}"]
  // CHECK-NEXT: of [!E_D, !F_D][%{{.*}}] : !E_plus_F_D
  %qk = nn.weight "q.{0}" then ["k.{0}"] of [tensor<2x3xf32, #nn.axes<E, D>>, tensor<4x3xf32, #nn.axes<F, D>>][%l] : tensor<6x3xf32, #nn.axes<"E+F", D>>
  return %a, %b : tensor<6x8xf32, #nn.axes<"3*C", D>>, tensor<5xf32, #nn.axes<"5">>
}

func.func @layer(%x: tensor<?x?x8xf32, #nn.axes<B, T, D>>) -> tensor<?x?x8xf32, #nn.axes<B, T, D>> {
  return %x : tensor<?x?x8xf32, #nn.axes<B, T, D>>
}

// CHECK-LABEL: @calls
func.func @calls(%x: tensor<?x?x8xf32, #nn.axes<B, T, D>>, %l: index) -> tensor<?x?x8xf32, #nn.axes<B, T, D>> {
  // CHECK: nn.call @layer(%{{.*}}) at "h.{0}"[%{{.*}}] : (!
  %a = nn.call @layer(%x) at "h.{0}" [%l] : (tensor<?x?x8xf32, #nn.axes<B, T, D>>) -> tensor<?x?x8xf32, #nn.axes<B, T, D>>
  // CHECK: nn.call @layer(%{{.*}}) at absolute "shared" : (!
  %b = nn.call @layer(%a) at absolute "shared" : (tensor<?x?x8xf32, #nn.axes<B, T, D>>) -> tensor<?x?x8xf32, #nn.axes<B, T, D>>
  return %b : tensor<?x?x8xf32, #nn.axes<B, T, D>>
}

// CHECK-LABEL: @caches
func.func @caches(%k: tensor<?x?x2x4xf32, #nn.axes<B, T, G, K>>, %l: index) -> tensor<?x?x2x4xf32, #nn.axes<B, S, G, K>> {
  // CHECK: nn.cache_append "k.{0}" %{{.*}} from "T" to "S"[%{{.*}}] : (!B_T_G_K) -> !B_S_G_K
  %ks = nn.cache_append "k.{0}" %k from "T" to "S" [%l]
      : (tensor<?x?x2x4xf32, #nn.axes<B, T, G, K>>) -> tensor<?x?x2x4xf32, #nn.axes<B, S, G, K>>
  return %ks : tensor<?x?x2x4xf32, #nn.axes<B, S, G, K>>
}

//===--- Linear maps and tables -----------------------------------------------------------------------===//

// CHECK-LABEL: @linear_in_groups
func.func @linear_in_groups(%x: tensor<?x?x8xf32, #nn.axes<B, T, D>>, %w: tensor<12x8xf32, #nn.axes<"G*K+H*K", D>>,
    %b: tensor<12xf32, #nn.axes<"G*K+H*K">>)
    -> (tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>, tensor<?x?x1x4xf32, #nn.axes<B, T, G, K>>) {
  // CHECK: nn.linear %{{.*}}, %{{.*}} bias %{{.*}} contracts 1{{$}}
  // CHECK-NEXT: : (!B_T_D, !GxK_plus_HxK_D, !GxK_plus_HxK) -> (!B_T_H_K, !B_T_G_K{{1?}})
  %q, %k = nn.linear %x, %w bias %b contracts 1
      : (tensor<?x?x8xf32, #nn.axes<B, T, D>>, tensor<12x8xf32, #nn.axes<"G*K+H*K", D>>, tensor<12xf32, #nn.axes<"G*K+H*K">>)
     -> (tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>, tensor<?x?x1x4xf32, #nn.axes<B, T, G, K>>)
  return %q, %k : tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>, tensor<?x?x1x4xf32, #nn.axes<B, T, G, K>>
}

// CHECK-LABEL: @linear_over_two_axes
func.func @linear_over_two_axes(%x: tensor<?x2x4xf32, #nn.axes<B, H, K>>, %w: tensor<8x3xf32, #nn.axes<"H*K", E>>)
    -> tensor<?x3xf32, #nn.axes<B, E>> {
  // CHECK: nn.linear %{{.*}}, %{{.*}} contracts 2 in_out then {
  // CHECK-NEXT: ^bb0(%[[SUM:.*]]: f32):
  // CHECK-NEXT: %[[SILU:.*]] = scalar.silu %[[SUM]]
  // CHECK-NEXT: nn.yield %[[SILU]] : f32
  // CHECK-NEXT: } : (
  %y = nn.linear %x, %w contracts 2 in_out then {
  ^bb0(%sum: f32):
    %0 = scalar.silu %sum
    nn.yield %0 : f32
  }
      : (tensor<?x2x4xf32, #nn.axes<B, H, K>>, tensor<8x3xf32, #nn.axes<"H*K", E>>) -> tensor<?x3xf32, #nn.axes<B, E>>
  return %y : tensor<?x3xf32, #nn.axes<B, E>>
}

// CHECK-LABEL: @narrow
func.func @narrow(%x: tensor<?x2x4xf32, #nn.axes<B, H, K>>) -> tensor<?x3xf32, #nn.axes<B, E>> {
  // CHECK: nn.narrow %{{.*}} contracts 2 : !B_H_K -> !bf16_B_HxK
  %b = nn.narrow %x contracts 2 : tensor<?x2x4xf32, #nn.axes<B, H, K>> -> tensor<?x8xbf16, #nn.axes<B, "H*K">>
  // CHECK: nn.narrow %{{.*}} contracts 1 : {{.*}} -> !dynamic_rows_B_H_K
  %r = nn.narrow %x contracts 1 : tensor<?x2x4xf32, #nn.axes<B, H, K>> -> tensor<?x2x4x!nn.dynamic<row>, #nn.axes<B, H, K>>
  // CHECK: nn.narrow %{{.*}} contracts 1 : {{.*}} -> !wide_groups_B_H_K
  %wide = nn.narrow %x contracts 1 : tensor<?x2x4xf32, #nn.axes<B, H, K>> -> tensor<?x2x4x!nn.dynamic<16, wide>, #nn.axes<B, H, K>>
  // CHECK: nn.narrow %{{.*}} contracts 2 : {{.*}} -> !dynamic_groups_B_HxK
  %g = nn.narrow %x contracts 2 : tensor<?x2x4xf32, #nn.axes<B, H, K>> -> tensor<?x8x!nn.dynamic<32>, #nn.axes<B, "H*K">>
  // CHECK: nn.weight "w" stored q4 : !E_HxK
  %w = nn.weight "w" stored q4 : tensor<3x8xf32, #nn.axes<E, "H*K">>
  // CHECK: nn.linear %{{.*}}, %{{.*}} contracts 1 : (!dynamic_groups_B_HxK
  %y = nn.linear %g, %w contracts 1
      : (tensor<?x8x!nn.dynamic<32>, #nn.axes<B, "H*K">>, tensor<3x8xf32, #nn.axes<E, "H*K">>) -> tensor<?x3xf32, #nn.axes<B, E>>
  return %y : tensor<?x3xf32, #nn.axes<B, E>>
}

// CHECK-LABEL: @embed
func.func @embed(%ids: tensor<?x?xi32, #nn.axes<B, T over V>>, %table: tensor<5x8xf32, #nn.axes<V, D>>)
    -> tensor<?x?x8xf32, #nn.axes<B, T, D>> {
  // CHECK: nn.embed %{{.*}}, %{{.*}} : (!B_T_over_V, !V_D)
  %x = nn.embed %ids, %table : (tensor<?x?xi32, #nn.axes<B, T over V>>, tensor<5x8xf32, #nn.axes<V, D>>)
                            -> tensor<?x?x8xf32, #nn.axes<B, T, D>>
  return %x : tensor<?x?x8xf32, #nn.axes<B, T, D>>
}

// CHECK-LABEL: @constants
func.func @constants() -> (tensor<f32, #nn.axes<>>, tensor<?x?xi32, #nn.axes<B, T over V>>) {
  // CHECK: nn.constant 0.25 : !number
  %c = nn.constant 0.25 : tensor<f32, #nn.axes<>>
  %l = arith.constant 1 : index
  // CHECK: nn.loop_number %{{.*}} from 1 of #numbers : !number
  %n = nn.loop_number %l from 1 of <[1.0, 0.1]> : tensor<f32, #nn.axes<>>
  // CHECK: nn.constant 0.0 : !B_T_over_V
  %i = nn.constant 0.0 : tensor<?x?xi32, #nn.axes<B, T over V>>
  return %c, %i : tensor<f32, #nn.axes<>>, tensor<?x?xi32, #nn.axes<B, T over V>>
}

//===--- Positions ------------------------------------------------------------------------------------===//

// CHECK-LABEL: @positions
func.func @positions(%q: tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>)
    -> (tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>, tensor<?x?x8xf32, #nn.axes<B, T, D>>) {
  // CHECK: nn.positions "T" : !B_T_over_N
  %p = nn.positions "T" : tensor<?x?xi32, #nn.axes<B, T over N>>
  // CHECK: nn.rope %{{.*}} at %{{.*}} frequencies #numbers1 pairs halves {magnitude = 5.000000e-01 : f64}
  // CHECK-NEXT: : (!B_T_H_K, !B_T_over_N) -> !B_T_H_K
  %r = nn.rope %q at %p frequencies <[1.0, 0.2154434690031884]> pairs halves {magnitude = 0.5 : f64}
     : (tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>, tensor<?x?xi32, #nn.axes<B, T over N>>) -> tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
  // CHECK: nn.sinusoid %{{.*}} pairs adjacent : (!
  %s = nn.sinusoid %p pairs adjacent : (tensor<?x?xi32, #nn.axes<B, T over N>>) -> tensor<?x?x8xf32, #nn.axes<B, T, D>>
  return %r, %s : tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>, tensor<?x?x8xf32, #nn.axes<B, T, D>>
}

//===--- Normalisation --------------------------------------------------------------------------------===//

// CHECK-LABEL: @norms
func.func @norms(%x: tensor<?x8xf32, #nn.axes<B, D>>, %w: tensor<8xf32, #nn.axes<D>>) -> tensor<?x8xf32, #nn.axes<B, D>> {
  // CHECK: nn.rms_norm %{{.*}}, %{{.*}} eps 1.0e-05 : (!
  %a = nn.rms_norm %x, %w eps 1.0e-5 : (tensor<?x8xf32, #nn.axes<B, D>>, tensor<8xf32, #nn.axes<D>>) -> tensor<?x8xf32, #nn.axes<B, D>>
  // CHECK: nn.layer_norm %{{.*}}, %{{.*}}, %{{.*}} eps 0.25 : (!
  %b = nn.layer_norm %a, %w, %w eps 0.25
      : (tensor<?x8xf32, #nn.axes<B, D>>, tensor<8xf32, #nn.axes<D>>, tensor<8xf32, #nn.axes<D>>) -> tensor<?x8xf32, #nn.axes<B, D>>
  // CHECK: nn.rms_norm %{{.*}}, %{{.*}} offset 1.0 eps 0.25 : (!
  %a1 = nn.rms_norm %b, %w offset 1.0 eps 0.25 : (tensor<?x8xf32, #nn.axes<B, D>>, tensor<8xf32, #nn.axes<D>>) -> tensor<?x8xf32, #nn.axes<B, D>>
  // CHECK: nn.rms_norm %{{.*}}, %{{.*}} plus %{{.*}} offset 1.0 eps 0.25 : (!
  %a2 = nn.rms_norm %b, %w plus %x offset 1.0 eps 0.25
      : (tensor<?x8xf32, #nn.axes<B, D>>, tensor<8xf32, #nn.axes<D>>, tensor<?x8xf32, #nn.axes<B, D>>) -> tensor<?x8xf32, #nn.axes<B, D>>
  // CHECK: nn.layer_norm %{{.*}}, %{{.*}}, %{{.*}} plus %{{.*}} eps 0.25 : (!
  %b3 = nn.layer_norm %a, %w, %w plus %a2 eps 0.25
      : (tensor<?x8xf32, #nn.axes<B, D>>, tensor<8xf32, #nn.axes<D>>, tensor<8xf32, #nn.axes<D>>, tensor<?x8xf32, #nn.axes<B, D>>)
     -> tensor<?x8xf32, #nn.axes<B, D>>
  // CHECK: nn.layer_norm %{{.*}} eps 0.25 : (!
  %b1 = nn.layer_norm %a1 eps 0.25 : (tensor<?x8xf32, #nn.axes<B, D>>) -> tensor<?x8xf32, #nn.axes<B, D>>
  // CHECK: nn.expand %{{.*}} along 1 : (!
  %b2 = nn.expand %b1 along 1 : (tensor<?x8xf32, #nn.axes<B, D>>) -> tensor<?x2x4xf32, #nn.axes<B, P, Q>>
  // CHECK: nn.batch_norm %{{.*}}, %{{.*}}, %{{.*}} mean %{{.*}} variance %{{.*}} eps 0.001{{$}}
  // CHECK-NEXT: : (!B_D, !D, !D, !D, !D) -> !B_D
  %c = nn.batch_norm %b, %w, %w mean %w variance %w eps 1.0e-3
      : (tensor<?x8xf32, #nn.axes<B, D>>, tensor<8xf32, #nn.axes<D>>, tensor<8xf32, #nn.axes<D>>, tensor<8xf32, #nn.axes<D>>,
         tensor<8xf32, #nn.axes<D>>) -> tensor<?x8xf32, #nn.axes<B, D>>
  // CHECK: nn.normalize %{{.*}} over "D" eps 0.25 : (!
  %d = nn.normalize %c over "D" eps 0.25 : (tensor<?x8xf32, #nn.axes<B, D>>) -> tensor<?x8xf32, #nn.axes<B, D>>
  return %d : tensor<?x8xf32, #nn.axes<B, D>>
}

//===--- Attention ------------------------------------------------------------------------------------===//

// CHECK-LABEL: @attention_with_mask_and_bias
func.func @attention_with_mask_and_bias(%q: tensor<?x?x4x8xf32, #nn.axes<B, T, H, K>>, %k: tensor<?x?x2x8xf32, #nn.axes<B, S, G, K>>,
    %rel: tensor<6x4xf32, #nn.axes<R, H>>) -> tensor<?x?x4x8xf32, #nn.axes<B, T, H, K>> {
  // CHECK: nn.attention %{{.*}}, %{{.*}}, %{{.*}} scale 0.5 where {
  // CHECK: nn.yield %{{.*}} : i1
  // CHECK: } bias {
  // CHECK: %[[N:.*]] = nn.bucket %{{.*}} count 6 far 9 both
  // CHECK: nn.lookup %{{.*}}[%[[N]], %{{.*}}] : !R_H -> f32
  %a = nn.attention %q, %k, %k scale 0.5 where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    nn.yield %c : i1
  } bias {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %d = arith.subi %j, %i : index
    %n = nn.bucket %d count 6 far 9 both
    %r = nn.lookup %rel[%n, %h] : tensor<6x4xf32, #nn.axes<R, H>> -> f32
    nn.yield %r : f32
  } : (tensor<?x?x4x8xf32, #nn.axes<B, T, H, K>>, tensor<?x?x2x8xf32, #nn.axes<B, S, G, K>>, tensor<?x?x2x8xf32, #nn.axes<B, S, G, K>>)
   -> tensor<?x?x4x8xf32, #nn.axes<B, T, H, K>>
  return %a : tensor<?x?x4x8xf32, #nn.axes<B, T, H, K>>
}

// CHECK-LABEL: @attention_of_everything
func.func @attention_of_everything(%q: tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>) -> tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>> {
  // CHECK: nn.attention %{{.*}}, %{{.*}}, %{{.*}} scale 0.5 : (!
  %a = nn.attention %q, %q, %q scale 0.5
     : (tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>, tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>, tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>)
    -> tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
  return %a : tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
}

// CHECK-LABEL: @attention_with_a_sink_and_a_score
func.func @attention_with_a_sink_and_a_score(%q: tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>, %s: tensor<2xf32, #nn.axes<H>>,
                                             %v: tensor<2x4xf32, #nn.axes<H, K>>) -> tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>> {
  // CHECK: nn.attention %{{.*}}, %{{.*}}, %{{.*}} sink %{{.*}} with %{{.*}} scale 0.5 score {
  // CHECK-NEXT: ^bb0(%[[Q:.*]]: f32, %[[K:.*]]: f32, %[[E:.*]]: f32):
  // CHECK: nn.yield %{{.*}} : f32
  %a = nn.attention %q, %q, %q sink %s with %v scale 0.5 score {
  ^bb0(%a: f32, %b: f32, %e: f32):
    %0 = arith.addf %a, %b : f32
    %1 = math.tanh %0 : f32
    %2 = arith.mulf %e, %1 : f32
    nn.yield %2 : f32
  } : (tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>, tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>, tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>,
       tensor<2xf32, #nn.axes<H>>, tensor<2x4xf32, #nn.axes<H, K>>) -> tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
  return %a : tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
}

// CHECK-LABEL: @attention_in_parts
func.func @attention_in_parts(%q: tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>, %k: tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>)
    -> tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>> {
  // CHECK: nn.dot %{{.*}}, %{{.*}} over "K" : (!
  %s = nn.dot %q, %k over "K" : (tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>, tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>)
                             -> tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
  // CHECK: nn.mask %{{.*}} query "T" key "S" where {
  %m = nn.mask %s query "T" key "S" where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    nn.yield %c : i1
  } : (tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>) -> tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
  // CHECK: nn.softmax %{{.*}} over "S" : (!
  %p = nn.softmax %m over "S" : (tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>) -> tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
  return %p : tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
}

//===--- Elementwise ----------------------------------------------------------------------------------===//

// CHECK-LABEL: @binary
func.func @binary(%x: tensor<?x8xf32, #nn.axes<B, D>>, %v: tensor<8xf32, #nn.axes<D>>) -> tensor<?x8xf32, #nn.axes<B, D>> {
  // CHECK: nn.add %{{.*}}, %{{.*}} : (!B_D, !D)
  %a = nn.add %x, %v : (tensor<?x8xf32, #nn.axes<B, D>>, tensor<8xf32, #nn.axes<D>>) -> tensor<?x8xf32, #nn.axes<B, D>>
  // CHECK: nn.sub %{{.*}}, %{{.*}} : (!D, !B_D)
  %b = nn.sub %v, %a : (tensor<8xf32, #nn.axes<D>>, tensor<?x8xf32, #nn.axes<B, D>>) -> tensor<?x8xf32, #nn.axes<B, D>>
  // CHECK: nn.mul
  %c = nn.mul %b, %b : (tensor<?x8xf32, #nn.axes<B, D>>, tensor<?x8xf32, #nn.axes<B, D>>) -> tensor<?x8xf32, #nn.axes<B, D>>
  // CHECK: nn.div
  %d = nn.div %c, %v : (tensor<?x8xf32, #nn.axes<B, D>>, tensor<8xf32, #nn.axes<D>>) -> tensor<?x8xf32, #nn.axes<B, D>>
  // CHECK: nn.pow
  %e = nn.pow %d, %v : (tensor<?x8xf32, #nn.axes<B, D>>, tensor<8xf32, #nn.axes<D>>) -> tensor<?x8xf32, #nn.axes<B, D>>
  return %e : tensor<?x8xf32, #nn.axes<B, D>>
}

// CHECK-LABEL: @unary
func.func @unary(%x: tensor<?x8xf32, #nn.axes<B, D>>) -> tensor<?x8xf32, #nn.axes<B, D>> {
  // CHECK: nn.neg %{{.*}} : !B_D
  %a = nn.neg %x : tensor<?x8xf32, #nn.axes<B, D>>
  // CHECK-NEXT: nn.exp
  %b = nn.exp %a : tensor<?x8xf32, #nn.axes<B, D>>
  // CHECK-NEXT: nn.log
  %c = nn.log %b : tensor<?x8xf32, #nn.axes<B, D>>
  // CHECK-NEXT: nn.sqrt
  %d = nn.sqrt %c : tensor<?x8xf32, #nn.axes<B, D>>
  // CHECK-NEXT: nn.tanh
  %e = nn.tanh %d : tensor<?x8xf32, #nn.axes<B, D>>
  // CHECK-NEXT: nn.sigmoid
  %f = nn.sigmoid %e : tensor<?x8xf32, #nn.axes<B, D>>
  // CHECK-NEXT: nn.relu
  %g = nn.relu %f : tensor<?x8xf32, #nn.axes<B, D>>
  // CHECK-NEXT: nn.gelu %
  %h = nn.gelu %g : tensor<?x8xf32, #nn.axes<B, D>>
  // CHECK-NEXT: nn.gelu_tanh
  %i = nn.gelu_tanh %h : tensor<?x8xf32, #nn.axes<B, D>>
  // CHECK-NEXT: nn.silu
  %j = nn.silu %i : tensor<?x8xf32, #nn.axes<B, D>>
  // CHECK-NEXT: nn.swish %{{.*}} beta 1.702 : !B_D
  %k = nn.swish %j beta 1.702 : tensor<?x8xf32, #nn.axes<B, D>>
  return %k : tensor<?x8xf32, #nn.axes<B, D>>
}

//===--- Along an axis, across axes -------------------------------------------------------------------===//

// CHECK-LABEL: @along_an_axis
func.func @along_an_axis(%x: tensor<?x?x3x8xf32, #nn.axes<B, T, P, D>>) -> tensor<3xf32, #nn.axes<P>> {
  // CHECK: nn.reduce mean %{{.*}} over "T" : (!
  %a = nn.reduce mean %x over "T" : (tensor<?x?x3x8xf32, #nn.axes<B, T, P, D>>) -> tensor<?x3x8xf32, #nn.axes<B, P, D>>
  // CHECK: nn.pick last %{{.*}} over "B" : (!
  %b = nn.pick last %a over "B" : (tensor<?x3x8xf32, #nn.axes<B, P, D>>) -> tensor<3x8xf32, #nn.axes<P, D>>
  // CHECK: nn.pick first %{{.*}} over "D" : (!
  %c = nn.pick first %b over "D" : (tensor<3x8xf32, #nn.axes<P, D>>) -> tensor<3xf32, #nn.axes<P>>
  return %c : tensor<3xf32, #nn.axes<P>>
}

// CHECK-LABEL: @across_axes
func.func @across_axes(%x: tensor<?x8x3x5xf32, #nn.axes<B, D, P, Q>>, %v: tensor<1x8xf32, #nn.axes<"1", D>>)
    -> (tensor<?x1x8xf32, #nn.axes<B, "1", D>>, tensor<?x15x8xf32, #nn.axes<B, "P*Q", D>>) {
  // CHECK: nn.rearrange %{{.*}} sources {{\[\[}}0], [2, 3], [1]] : (!
  %a = nn.rearrange %x sources [[0], [2, 3], [1]] : (tensor<?x8x3x5xf32, #nn.axes<B, D, P, Q>>) -> tensor<?x15x8xf32, #nn.axes<B, "P*Q", D>>
  // CHECK: nn.concat %{{.*}}, %{{.*}} along 1 : (!
  %b = nn.concat %v, %a along 1 : (tensor<1x8xf32, #nn.axes<"1", D>>, tensor<?x15x8xf32, #nn.axes<B, "P*Q", D>>)
                               -> tensor<?x16x8xf32, #nn.axes<B, "P*Q+1", D>>
  // CHECK: nn.split %{{.*}} along 1 : (!
  %c, %d = nn.split %b along 1 : (tensor<?x16x8xf32, #nn.axes<B, "P*Q+1", D>>)
                              -> (tensor<?x1x8xf32, #nn.axes<B, "1", D>>, tensor<?x15x8xf32, #nn.axes<B, "P*Q", D>>)
  return %c, %d : tensor<?x1x8xf32, #nn.axes<B, "1", D>>, tensor<?x15x8xf32, #nn.axes<B, "P*Q", D>>
}

//===--- Mixture of experts ---------------------------------------------------------------------------===//

// CHECK-LABEL: @experts
func.func @experts(%x: tensor<?x?x8xf32, #nn.axes<B, T, D>>, %scores: tensor<?x?x4xf32, #nn.axes<B, T, E>>)
    -> tensor<?x?x2x8xf32, #nn.axes<B, T, A, D>> {
  // CHECK: %[[V:.*]], %[[I:.*]] = nn.topk %{{.*}} : (!
  %v, %i = nn.topk %scores : (tensor<?x?x4xf32, #nn.axes<B, T, E>>)
                          -> (tensor<?x?x2xf32, #nn.axes<B, T, A>>, tensor<?x?x2xi32, #nn.axes<B, T, A over E>>)
  // CHECK: nn.route @layer(%{{.*}}) by %[[I]] of 4 at "experts.{0}" : (!
  %y = nn.route @layer(%x) by %i of 4 at "experts.{0}"
      : (tensor<?x?x8xf32, #nn.axes<B, T, D>>, tensor<?x?x2xi32, #nn.axes<B, T, A over E>>) -> tensor<?x?x2x8xf32, #nn.axes<B, T, A, D>>
  // CHECK: nn.route @layer(%{{.*}}) by %[[I]] of 4 grouped at "experts.{0}" : (!
  %z = nn.route @layer(%x) by %i of 4 grouped at "experts.{0}"
      : (tensor<?x?x8xf32, #nn.axes<B, T, D>>, tensor<?x?x2xi32, #nn.axes<B, T, A over E>>) -> tensor<?x?x2x8xf32, #nn.axes<B, T, A, D>>
  return %y : tensor<?x?x2x8xf32, #nn.axes<B, T, A, D>>
}

// CHECK-LABEL: @choices
func.func @choices(%x: tensor<?x?x8xf32, #nn.axes<B, T, D>>, %v: tensor<8xf32, #nn.axes<D>>, %e: tensor<?x?x2xi32, #nn.axes<B, T, A over D>>)
    -> tensor<?x?x2xf32, #nn.axes<B, T, A>> {
  // CHECK: %[[L:.*]] = nn.compare lt %{{.*}}, %{{.*}} : (!
  %l = nn.compare lt %x, %v : (tensor<?x?x8xf32, #nn.axes<B, T, D>>, tensor<8xf32, #nn.axes<D>>) -> tensor<?x?x8xi1, #nn.axes<B, T, D>>
  // CHECK: nn.compare ne %[[L]], %{{.*}} : (!
  %n = nn.compare ne %l, %l : (tensor<?x?x8xi1, #nn.axes<B, T, D>>, tensor<?x?x8xi1, #nn.axes<B, T, D>>) -> tensor<?x?x8xi1, #nn.axes<B, T, D>>
  // CHECK: %[[A:.*]] = nn.and %[[L]], %{{.*}} : (!
  %a = nn.and %l, %n : (tensor<?x?x8xi1, #nn.axes<B, T, D>>, tensor<?x?x8xi1, #nn.axes<B, T, D>>) -> tensor<?x?x8xi1, #nn.axes<B, T, D>>
  // CHECK: %[[O:.*]] = nn.or %[[A]], %[[L]] : (!
  %o = nn.or %a, %l : (tensor<?x?x8xi1, #nn.axes<B, T, D>>, tensor<?x?x8xi1, #nn.axes<B, T, D>>) -> tensor<?x?x8xi1, #nn.axes<B, T, D>>
  // CHECK: %[[C:.*]] = nn.not %[[O]] : !
  %c = nn.not %o : tensor<?x?x8xi1, #nn.axes<B, T, D>>
  // CHECK: %[[S:.*]] = nn.select %[[C]], %{{.*}}, %{{.*}} : (!
  %s = nn.select %c, %x, %v : (tensor<?x?x8xi1, #nn.axes<B, T, D>>, tensor<?x?x8xf32, #nn.axes<B, T, D>>, tensor<8xf32, #nn.axes<D>>)
                           -> tensor<?x?x8xf32, #nn.axes<B, T, D>>
  // CHECK: nn.take %[[S]] at %{{.*}} : (!
  %y = nn.take %s at %e : (tensor<?x?x8xf32, #nn.axes<B, T, D>>, tensor<?x?x2xi32, #nn.axes<B, T, A over D>>) -> tensor<?x?x2xf32, #nn.axes<B, T, A>>
  return %y : tensor<?x?x2xf32, #nn.axes<B, T, A>>
}

//===--- Images ---------------------------------------------------------------------------------------===//

// CHECK-LABEL: @images
func.func @images(%x: tensor<?x3x8x6xf32, #nn.axes<B, C, Y, X>>, %w: tensor<5x3x2x2xf32, #nn.axes<D, C, P, P>>, %b: tensor<5xf32, #nn.axes<D>>)
    -> tensor<?x5x4x3xf32, #nn.axes<B, D, "Y/2", "X/2">> {
  // CHECK: nn.conv %{{.*}}, %{{.*}} bias %{{.*}} stride [2, 2] pad [0, 0] dilation [1, 1] : (!
  %a = nn.conv %x, %w bias %b stride [2, 2] pad [0, 0] dilation [1, 1]
      : (tensor<?x3x8x6xf32, #nn.axes<B, C, Y, X>>, tensor<5x3x2x2xf32, #nn.axes<D, C, P, P>>, tensor<5xf32, #nn.axes<D>>)
     -> tensor<?x5x4x3xf32, #nn.axes<B, D, "Y/2", "X/2">>
  // CHECK: nn.conv transposed %{{.*}}, %{{.*}} with %{{.*}} stride [2, 2] pad [0, 0] dilation [1, 1] then {
  // CHECK: } : (!
  %t = nn.conv transposed %a, %w with %x stride [2, 2] pad [0, 0] dilation [1, 1] then {
  ^bb0(%sum: f32, %other: f32):
    %0 = arith.addf %sum, %other : f32
    nn.yield %0 : f32
  } : (tensor<?x5x4x3xf32, #nn.axes<B, D, "Y/2", "X/2">>, tensor<5x3x2x2xf32, #nn.axes<D, C, P, P>>, tensor<?x3x8x6xf32, #nn.axes<B, C, Y, X>>)
   -> tensor<?x3x8x6xf32, #nn.axes<B, C, Y, X>>
  // CHECK: nn.upsample bilinear %{{.*}} align_corners : (!
  %c = nn.upsample bilinear %t align_corners : (tensor<?x3x8x6xf32, #nn.axes<B, C, Y, X>>) -> tensor<?x3x7x5xf32, #nn.axes<B, C, "Y-1", "X-1">>
  // CHECK: nn.upsample nearest %{{.*}} : (!
  %u = nn.upsample nearest %a : (tensor<?x5x4x3xf32, #nn.axes<B, D, "Y/2", "X/2">>) -> tensor<?x5x8x6xf32, #nn.axes<B, D, Y, X>>
  // CHECK: nn.pool average %{{.*}} window [3, 3] stride [1, 1] pad [1, 1] counts_pad : (!
  %v = nn.pool average %u window [3, 3] stride [1, 1] pad [1, 1] counts_pad : (tensor<?x5x8x6xf32, #nn.axes<B, D, Y, X>>) -> tensor<?x5x8x6xf32, #nn.axes<B, D, Y, X>>
  // CHECK: nn.pool max %{{.*}} window [2, 2] stride [2, 2] pad [0, 0] : (!
  %p = nn.pool max %v window [2, 2] stride [2, 2] pad [0, 0] : (tensor<?x5x8x6xf32, #nn.axes<B, D, Y, X>>) -> tensor<?x5x4x3xf32, #nn.axes<B, D, "Y/2", "X/2">>
  return %p : tensor<?x5x4x3xf32, #nn.axes<B, D, "Y/2", "X/2">>
}

//===--- Recurrence -----------------------------------------------------------------------------------===//

// CHECK-LABEL: @recurrence
func.func @recurrence(%x: tensor<?x?x8xf32, #nn.axes<B, T, D>>) -> tensor<?x?x8xf32, #nn.axes<B, T, D>> {
  // CHECK: nn.scan "h" over "T"(%{{.*}}) carry [!B_D] {
  // CHECK: nn.yield %{{.*}}, %{{.*}} : !B_D, !B_D
  %y = nn.scan "h" over "T" (%x) carry [tensor<?x8xf32, #nn.axes<B, D>>] {
  ^bb0(%t: tensor<?x8xf32, #nn.axes<B, D>>, %h: tensor<?x8xf32, #nn.axes<B, D>>):
    %n = nn.add %t, %h : (tensor<?x8xf32, #nn.axes<B, D>>, tensor<?x8xf32, #nn.axes<B, D>>) -> tensor<?x8xf32, #nn.axes<B, D>>
    nn.yield %n, %n : tensor<?x8xf32, #nn.axes<B, D>>, tensor<?x8xf32, #nn.axes<B, D>>
  } : (tensor<?x?x8xf32, #nn.axes<B, T, D>>) -> tensor<?x?x8xf32, #nn.axes<B, T, D>>
  return %y : tensor<?x?x8xf32, #nn.axes<B, T, D>>
}

// CHECK-LABEL: @recurrence_of_a_loop
func.func @recurrence_of_a_loop(%x: tensor<?x?x8xf32, #nn.axes<B, T, D>>, %l: index) -> tensor<?x?x8xf32, #nn.axes<B, T, D>> {
  // CHECK: nn.scan absolute "h.{0}"[%{{.*}}] over "T" reversed(%{{.*}}) carry [!B_D] {
  %y = nn.scan absolute "h.{0}" [%l] over "T" reversed (%x) carry [tensor<?x8xf32, #nn.axes<B, D>>] {
  ^bb0(%t: tensor<?x8xf32, #nn.axes<B, D>>, %h: tensor<?x8xf32, #nn.axes<B, D>>):
    %n = nn.add %t, %h : (tensor<?x8xf32, #nn.axes<B, D>>, tensor<?x8xf32, #nn.axes<B, D>>) -> tensor<?x8xf32, #nn.axes<B, D>>
    nn.yield %n, %n : tensor<?x8xf32, #nn.axes<B, D>>, tensor<?x8xf32, #nn.axes<B, D>>
  } : (tensor<?x?x8xf32, #nn.axes<B, T, D>>) -> tensor<?x?x8xf32, #nn.axes<B, T, D>>
  return %y : tensor<?x?x8xf32, #nn.axes<B, T, D>>
}

// CHECK-LABEL: @recurrence_of_one_call
func.func @recurrence_of_one_call(%x: tensor<?x?x8xf32, #nn.axes<B, T, D>>) -> tensor<?x?x8xf32, #nn.axes<B, T, D>> {
  // CHECK: nn.scan "h" over "T" anew(%{{.*}}) carry [!B_D] {
  %y = nn.scan "h" over "T" anew (%x) carry [tensor<?x8xf32, #nn.axes<B, D>>] {
  ^bb0(%t: tensor<?x8xf32, #nn.axes<B, D>>, %h: tensor<?x8xf32, #nn.axes<B, D>>):
    nn.yield %t, %h : tensor<?x8xf32, #nn.axes<B, D>>, tensor<?x8xf32, #nn.axes<B, D>>
  } : (tensor<?x?x8xf32, #nn.axes<B, T, D>>) -> tensor<?x?x8xf32, #nn.axes<B, T, D>>
  return %y : tensor<?x?x8xf32, #nn.axes<B, T, D>>
}
