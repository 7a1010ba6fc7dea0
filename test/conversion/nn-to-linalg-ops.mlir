// What each op computes, in naive loops. Sizes are all different, so that a wrong axis shows.
// RUN: heddle-opt %s --nn-plan-memory --nn-to-linalg --canonicalize --cse | FileCheck %s

!x = tensor<2x3xf32, #nn.axes<A, D>>
!d = tensor<3xf32, #nn.axes<D>>
!a = tensor<2xf32, #nn.axes<A>>

// CHECK-DAG: #[[ALL:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[LAST:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-DAG: #[[X_OF_LINEAR:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[W_OF_LINEAR:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-DAG: #[[Y_OF_LINEAR:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>

//===--- Linear maps and tables -----------------------------------------------------------------------===//

// Each result is the sum over its own rows of the weight, in rising order, begun with its part of the bias.
// CHECK-LABEL: @linear(
// CHECK-SAME: %[[XS:[a-z0-9]*]]: memref<2x3xf32>, %[[W:[a-z0-9]*]]: memref<12x3xf32>, %[[B:[a-z0-9]*]]: memref<12xf32>, %[[Q:[a-z0-9]*]]: memref<2x2x4xf32>, %[[K:[a-z0-9]*]]: memref<2x4xf32>)
func.func @linear(%x: !x, %w: tensor<12x3xf32, #nn.axes<"H*K+K", D>>, %b: tensor<12xf32, #nn.axes<"H*K+K">>)
    -> (tensor<2x2x4xf32, #nn.axes<A, H, K>>, tensor<2x4xf32, #nn.axes<A, K>>) {
  // CHECK: %[[COLUMNS:.*]] = memref.collapse_shape %[[Q]] {{.*}} into memref<2x8xf32>
  // CHECK: %[[B8:.*]] = memref.subview %[[B]][0] [8]
  // CHECK: linalg.generic {indexing_maps = [#[[LAST]], #[[ALL]]], {{.*}} ins(%[[B8]] : {{.*}}) outs(%[[COLUMNS]] :
  // CHECK: %[[W8:.*]] = memref.subview %[[W]][0, 0] [8, 3]
  // CHECK: linalg.generic {indexing_maps = [#[[X_OF_LINEAR]], #[[W_OF_LINEAR]], #[[Y_OF_LINEAR]]], iterator_types = ["parallel", "parallel", "reduction"]} ins(%[[XS]], %[[W8]] : {{.*}}) outs(%[[COLUMNS]] :
  // CHECK: arith.mulf
  // CHECK: arith.addf
  // CHECK: memref.subview %[[B]][8] [4]
  // CHECK: memref.subview %[[W]][8, 0] [4, 3]
  // CHECK: linalg.generic {{.*}} outs(%[[K]] :
  %q, %k = nn.linear %x, %w bias %b contracts 1 : (!x, tensor<12x3xf32, #nn.axes<"H*K+K", D>>, tensor<12xf32, #nn.axes<"H*K+K">>)
      -> (tensor<2x2x4xf32, #nn.axes<A, H, K>>, tensor<2x4xf32, #nn.axes<A, K>>)
  return %q, %k : tensor<2x2x4xf32, #nn.axes<A, H, K>>, tensor<2x4xf32, #nn.axes<A, K>>
}

// Narrow weights are widened where they are read.
// CHECK-LABEL: @narrow_table(
func.func @narrow_table(%i: tensor<2xi32, #nn.axes<A over V>>, %t: tensor<5x3xbf16, #nn.axes<V, D>>) -> !x {
  // CHECK: linalg.generic
  // CHECK: %[[ROW:.*]] = arith.index_cast %{{.*}} : i32 to index
  // CHECK: %[[COLUMN:.*]] = linalg.index 1
  // CHECK: %[[E:.*]] = memref.load %{{.*}}[%[[ROW]], %[[COLUMN]]] : memref<5x3xbf16>
  // CHECK: arith.extf %[[E]] : bf16 to f32
  %y = nn.embed %i, %t : (tensor<2xi32, #nn.axes<A over V>>, tensor<5x3xbf16, #nn.axes<V, D>>) -> !x
  return %y : !x
}

// CHECK-LABEL: @constants(
// CHECK: linalg.fill ins(%{{.*}} : i32)
// CHECK: linalg.fill ins(%{{.*}} : f32)
func.func @constants() -> (!a, tensor<2xi32, #nn.axes<A over V>>) {
  %i = nn.constant 4.0 : tensor<2xi32, #nn.axes<A over V>>
  %c = nn.constant 0.5 : !a
  return %c, %i : !a, tensor<2xi32, #nn.axes<A over V>>
}

// A table read by the loop's turn.
// CHECK-LABEL: @loop_number(
// CHECK: scf.for %[[L:[a-z0-9]+]] =
// CHECK: %[[TABLE:.*]] = memref.get_global
// CHECK: %[[TURN:.*]] = arith.subi %[[L]], %{{.*}} : index
// CHECK: %[[NUMBER:.*]] = memref.load %[[TABLE]][%[[TURN]]] : memref<2xf32>
// CHECK: linalg.fill ins(%[[NUMBER]] : f32)
func.func @loop_number(%x: !a) -> !a {
  %from = arith.constant 3 : index
  %to = arith.constant 5 : index
  %one = arith.constant 1 : index
  %y = scf.for %l = %from to %to step %one iter_args(%c = %x) -> (!a) {
    %n = nn.loop_number %l from 3 of <[0.5, 0.25]> : !a
    scf.yield %n : !a
  }
  return %y : !a
}

//===--- Positions ------------------------------------------------------------------------------------===//

// Halves: x[p] turns with x[p + 1]; the fifth element stays.
// CHECK-LABEL: @rope_of_halves(
// CHECK-SAME: %[[IN:[a-z0-9]*]]: memref<2x5xf32>, %[[AT:[a-z0-9]*]]: memref<2xi32>, %[[OUT:[a-z0-9]*]]: memref<2x5xf32>)
func.func @rope_of_halves(%x: tensor<2x5xf32, #nn.axes<A, K>>, %p: tensor<2xi32, #nn.axes<A over N>>) -> tensor<2x5xf32, #nn.axes<A, K>> {
  // CHECK-DAG: math.sin
  // CHECK-DAG: math.cos
  // CHECK: %[[XA:.*]] = memref.load %[[IN]][%[[T:.*]], %[[P:.*]]]
  // CHECK: %[[XC:.*]] = memref.load %[[IN]][%[[T]], %[[C:.*]]]
  // CHECK: arith.subf
  // CHECK: arith.addf
  // CHECK: memref.store %{{.*}}, %[[OUT]][%[[T]], %[[P]]]
  // CHECK: memref.store %{{.*}}, %[[OUT]][%[[T]], %[[C]]]
  // CHECK: %[[REST:.*]] = memref.load %[[IN]]
  // CHECK: memref.store %[[REST]], %[[OUT]]
  %y = nn.rope %x at %p frequencies <[1.0, 0.5]> pairs halves
     : (tensor<2x5xf32, #nn.axes<A, K>>, tensor<2xi32, #nn.axes<A over N>>) -> tensor<2x5xf32, #nn.axes<A, K>>
  return %y : tensor<2x5xf32, #nn.axes<A, K>>
}

// CHECK-LABEL: @sinusoid_alternating(
func.func @sinusoid_alternating(%p: tensor<2xi32, #nn.axes<A over N>>) -> tensor<2x4xf32, #nn.axes<A, K>> {
  // CHECK: %[[D:.*]] = linalg.index 1
  // CHECK: %[[PAIR:.*]] = arith.divui %[[D]], %c2
  // CHECK: arith.remui %[[D]], %c2
  // CHECK-DAG: memref.load %{{.*}}[%[[PAIR]]]
  // CHECK-DAG: %[[SIN:.*]] = math.sin
  // CHECK-DAG: %[[COS:.*]] = math.cos
  // CHECK: arith.select %{{.*}}, %[[SIN]], %[[COS]]
  %y = nn.sinusoid %p pairs adjacent : (tensor<2xi32, #nn.axes<A over N>>) -> tensor<2x4xf32, #nn.axes<A, K>>
  return %y : tensor<2x4xf32, #nn.axes<A, K>>
}

//===--- Normalisation --------------------------------------------------------------------------------===//

// CHECK-LABEL: @rms_norm(
func.func @rms_norm(%x: !x, %w: !d) -> !x {
  // CHECK: scf.for {{.*}} = %c0 to %c2
  // CHECK: %[[SQUARES:.*]] = scf.for {{.*}} = %c0 to %c3 {{.*}} iter_args
  // CHECK: arith.mulf
  // CHECK: %[[MEAN:.*]] = arith.divf %[[SQUARES]], %{{.*}}
  // CHECK: %[[SUM:.*]] = arith.addf %[[MEAN]], %{{.*}}
  // CHECK: math.sqrt %[[SUM]]
  // CHECK: scf.for {{.*}} = %c0 to %c3
  %y = nn.rms_norm %x, %w eps 0.5 : (!x, !d) -> !x
  return %y : !x
}

// The mean, then what rounding took of it, then the mean square distance from both, then the values.
// CHECK-LABEL: @layer_norm(
func.func @layer_norm(%x: !x, %w: !d, %b: !d) -> !x {
  // CHECK: %[[SUM:.*]] = scf.for {{.*}} iter_args
  // CHECK: %[[MEAN:.*]] = arith.divf %[[SUM]]
  // CHECK: %[[SUM:.*]] = scf.for {{.*}} iter_args
  // CHECK: arith.subf %{{.*}}, %[[MEAN]]
  // CHECK: %[[REST:.*]] = arith.divf %[[SUM]]
  // CHECK: scf.for {{.*}} iter_args
  // CHECK: %[[ROUGHLY:.*]] = arith.subf %{{.*}}, %[[MEAN]]
  // CHECK: %[[FAR:.*]] = arith.subf %[[ROUGHLY]], %[[REST]]
  // CHECK: arith.mulf %[[FAR]], %[[FAR]]
  // CHECK: math.sqrt
  // CHECK: scf.for
  // CHECK: %[[ROUGHLY:.*]] = arith.subf %{{.*}}, %[[MEAN]]
  // CHECK: arith.subf %[[ROUGHLY]], %[[REST]]
  %y = nn.layer_norm %x, %w, %b eps 0.5 : (!x, !d, !d) -> !x
  return %y : !x
}

// Over the first axis: the loop over it is inside.
// CHECK-LABEL: @normalize(
func.func @normalize(%x: !x) -> !x {
  // CHECK: scf.for {{.*}} = %c0 to %c3
  // CHECK: scf.for {{.*}} = %c0 to %c2 {{.*}} iter_args
  // CHECK: %[[NORM:.*]] = math.sqrt
  // CHECK: %[[SAFE:.*]] = arith.maximumf %[[NORM]]
  // CHECK: arith.divf %{{.*}}, %[[SAFE]]
  %y = nn.normalize %x over "A" eps 0.5 : (!x) -> !x
  return %y : !x
}

//===--- Along an axis --------------------------------------------------------------------------------===//

// CHECK-LABEL: @softmax(
func.func @softmax(%x: !x) -> !x {
  // CHECK: %[[LARGEST:.*]] = scf.for {{.*}} = %c0 to %c3
  // CHECK: arith.maximumf
  // CHECK: %[[MAX:.*]] = arith.maximumf %[[LARGEST]], %{{.*}}
  // CHECK: %[[TOTAL:.*]] = scf.for {{.*}} = %c0 to %c3
  // CHECK: arith.subf %{{.*}}, %[[MAX]]
  // CHECK: math.exp
  // CHECK: %[[SUM:.*]] = arith.maximumf %[[TOTAL]], %{{.*}}
  // CHECK: arith.divf %{{.*}}, %[[SUM]]
  %y = nn.softmax %x over "D" : (!x) -> !x
  return %y : !x
}

// CHECK-LABEL: @reduce(
func.func @reduce(%x: !x) -> (!a, !d) {
  // CHECK: scf.for {{.*}} = %c0 to %c2
  // CHECK: %[[MAX:.*]] = scf.for {{.*}} = %c0 to %c3 {{.*}} iter_args(%{{.*}} = %[[LOWEST:.*]])
  // CHECK: arith.maximumf
  // CHECK: memref.store %[[MAX]]
  %m = nn.reduce max %x over "D" : (!x) -> !a
  // CHECK: scf.for {{.*}} = %c0 to %c3
  // CHECK: %[[SUM:.*]] = scf.for {{.*}} = %c0 to %c2 {{.*}} iter_args
  // CHECK: arith.divf %[[SUM]], %cst
  %a = nn.reduce mean %x over "A" : (!x) -> !d
  return %m, %a : !a, !d
}

// CHECK-LABEL: @pick(
func.func @pick(%x: !x) -> (!a, !d) {
  // CHECK: memref.load %{{.*}}[%{{.*}}, %c2]
  %l = nn.pick last %x over "D" : (!x) -> !a
  // CHECK: memref.load %{{.*}}[%c0, %{{.*}}]
  %f = nn.pick first %x over "A" : (!x) -> !d
  return %l, %f : !a, !d
}

//===--- Attention ------------------------------------------------------------------------------------===//

// Query heads 0, 1 read key head 0, heads 2, 3 head 1; a query that admits nothing gets zeros, not NaN.
// CHECK-LABEL: @attention(
func.func @attention(%q: tensor<1x5x4x6xf32, #nn.axes<A, T, H, K>>, %k: tensor<1x3x2x6xf32, #nn.axes<A, S, G, K>>,
    %v: tensor<1x3x2x7xf32, #nn.axes<A, S, G, V>>) -> tensor<1x5x4x7xf32, #nn.axes<A, T, H, V>> {
  // CHECK-DAG: %[[LOWEST:.*]] = arith.constant 0xFF800000 : f32
  // CHECK-DAG: %[[TINY:.*]] = arith.constant 1.17549435E-38 : f32
  // CHECK: scf.for %[[T:.*]] = %c0 to %c5
  // CHECK: scf.for %[[H:.*]] = %c0 to %c4
  // CHECK: %[[G:.*]] = arith.divui %[[H]], %c2
  // CHECK: scf.for %[[J:.*]] = %c0 to %c3
  // CHECK: scf.for %[[D:.*]] = %c0 to %c6
  // CHECK: memref.load %{{.*}}[%[[T]], %[[H]], %[[D]]]
  // CHECK: memref.load %{{.*}}[%[[J]], %[[G]], %[[D]]]
  // CHECK: %[[ADMITTED:.*]] = arith.cmpi sle, %[[J]], %[[T]]
  // CHECK: arith.select %[[ADMITTED]], %{{.*}}, %[[LOWEST]]
  // CHECK: math.exp
  // CHECK: arith.maximumf %{{.*}}, %[[TINY]]
  // CHECK: scf.for %[[E:.*]] = %c0 to %c7
  // CHECK: memref.load %{{.*}}[%{{.*}}, %[[G]], %[[E]]]
  // CHECK: memref.store %{{.*}}[%[[T]], %[[H]], %[[E]]]
  %y = nn.attention %q, %k, %v scale 0.5 where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    nn.yield %c : i1
  } : (tensor<1x5x4x6xf32, #nn.axes<A, T, H, K>>, tensor<1x3x2x6xf32, #nn.axes<A, S, G, K>>, tensor<1x3x2x7xf32, #nn.axes<A, S, G, V>>)
   -> tensor<1x5x4x7xf32, #nn.axes<A, T, H, V>>
  return %y : tensor<1x5x4x7xf32, #nn.axes<A, T, H, V>>
}

// CHECK-LABEL: @dot(
func.func @dot(%a: tensor<2x3x5xf32, #nn.axes<A, T, K>>, %b: tensor<2x4x5xf32, #nn.axes<A, S, K>>) -> tensor<2x3x4xf32, #nn.axes<A, T, S>> {
  // CHECK: linalg.fill
  // CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "reduction"]
  %y = nn.dot %a, %b over "K" : (tensor<2x3x5xf32, #nn.axes<A, T, K>>, tensor<2x4x5xf32, #nn.axes<A, S, K>>) -> tensor<2x3x4xf32, #nn.axes<A, T, S>>
  return %y : tensor<2x3x4xf32, #nn.axes<A, T, S>>
}

// CHECK-LABEL: @mask(
func.func @mask(%x: tensor<2x3x4xf32, #nn.axes<A, T, S>>) -> tensor<2x3x4xf32, #nn.axes<A, T, S>> {
  // CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel"]
  // CHECK: %[[B:.*]] = linalg.index 0
  // CHECK: %[[T:.*]] = linalg.index 1
  // CHECK: %[[S:.*]] = linalg.index 2
  // CHECK: %[[ADMITTED:.*]] = arith.cmpi slt, %[[S]], %[[T]]
  // CHECK: %[[SCORE:.*]] = memref.load %{{.*}}[%[[B]], %[[T]], %[[S]]]
  // CHECK: arith.select %[[ADMITTED]], %[[SCORE]]
  %y = nn.mask %x query "T" key "S" where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi slt, %j, %i : index
    nn.yield %c : i1
  } : (tensor<2x3x4xf32, #nn.axes<A, T, S>>) -> tensor<2x3x4xf32, #nn.axes<A, T, S>>
  return %y : tensor<2x3x4xf32, #nn.axes<A, T, S>>
}

//===--- Elementwise ----------------------------------------------------------------------------------===//

// The operand with fewer axes is repeated: only its map says so.
// CHECK-LABEL: @broadcast(
func.func @broadcast(%x: !x, %d: !d) -> !x {
  // CHECK: linalg.generic {indexing_maps = [#[[LAST]], #[[ALL]], #[[ALL]]]
  // CHECK-NEXT: ^bb0(%[[L:.*]]: f32, %[[R:.*]]: f32, %{{.*}}: f32):
  // CHECK-NEXT: arith.subf %[[L]], %[[R]]
  %y = nn.sub %d, %x : (!d, !x) -> !x
  return %y : !x
}

// CHECK-LABEL: @indices_are_added_as_integers(
func.func @indices_are_added_as_integers(%i: tensor<2xi32, #nn.axes<A over N>>) -> tensor<2xi32, #nn.axes<A over N>> {
  // CHECK: arith.addi %{{.*}} : i32
  %y = nn.add %i, %i : (tensor<2xi32, #nn.axes<A over N>>, tensor<2xi32, #nn.axes<A over N>>) -> tensor<2xi32, #nn.axes<A over N>>
  return %y : tensor<2xi32, #nn.axes<A over N>>
}

// CHECK-LABEL: @binary(
func.func @binary(%x: !x, %y: !x) -> !x {
  // CHECK: arith.divf
  %a = nn.div %x, %y : (!x, !x) -> !x
  // CHECK: math.powf
  %b = nn.pow %a, %y : (!x, !x) -> !x
  // CHECK: arith.mulf
  %c = nn.mul %b, %y : (!x, !x) -> !x
  // CHECK: arith.addf
  %d = nn.add %c, %y : (!x, !x) -> !x
  return %d : !x
}

// CHECK-LABEL: @unary(
func.func @unary(%x: !x) -> !x {
  // CHECK: arith.negf
  %a = nn.neg %x : !x
  // CHECK: math.exp
  %b = nn.exp %a : !x
  // CHECK: math.log
  %c = nn.log %b : !x
  // CHECK: math.sqrt
  %d = nn.sqrt %c : !x
  // CHECK: math.tanh
  %e = nn.tanh %d : !x
  // CHECK: arith.maximumf
  %f = nn.relu %e : !x
  return %f : !x
}

// 1 / (1 + e⁻ˣ), and x times that.
// CHECK-LABEL: @sigmoid_and_silu(
func.func @sigmoid_and_silu(%x: !x) -> !x {
  // CHECK: %[[MINUS:.*]] = arith.negf
  // CHECK: %[[E:.*]] = math.exp %[[MINUS]]
  // CHECK: %[[SUM:.*]] = arith.addf %[[E]], %[[ONE:.*]] : f32
  // CHECK: arith.divf %[[ONE]], %[[SUM]]
  %a = nn.sigmoid %x : !x
  // CHECK: ^bb0(%[[X1:.*]]: f32, %{{.*}}: f32):
  // CHECK: %[[S:.*]] = arith.divf
  // CHECK: arith.mulf %[[X1]], %[[S]]
  %b = nn.silu %a : !x
  // CHECK: ^bb0(%[[X2:.*]]: f32, %{{.*}}: f32):
  // CHECK: arith.mulf %[[X2]], %{{.*}}
  // CHECK: arith.divf
  %c = nn.swish %b beta 1.702 : !x
  return %c : !x
}

// CHECK-LABEL: @gelus(
func.func @gelus(%x: !x) -> !x {
  // CHECK: math.erf
  %a = nn.gelu %x : !x
  // CHECK: math.tanh
  %b = nn.gelu_tanh %a : !x
  return %b : !x
}
