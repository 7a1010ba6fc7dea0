// A loop is cut where the types of its layers change; layers alike stay one loop and one block.
// RUN: heddle-opt %s --nn-split-layers=quant=h.0.**=q8,h.3.deep.**=bf16 | FileCheck %s
// RUN: heddle-opt %s --nn-split-layers=quant=h.0.**=q8,h.3.deep.**=bf16 --nn-quantize=quant=h.0.**=q8,h.3.deep.**=bf16 --canonicalize | FileCheck %s --check-prefix=TYPES
// RUN: heddle-opt %s --nn-split-layers=quant=**=q8 | FileCheck %s --check-prefix=ALIKE
// RUN: heddle-opt %s --nn-split-layers=dtype=bf16 | FileCheck %s --check-prefix=ALIKE
// RUN: heddle-opt %s --nn-split-layers | FileCheck %s --check-prefix=ALIKE
// ALIKE-COUNT-1: scf.for
// ALIKE-NOT: scf.for

!x = tensor<?x8xf32, #nn.axes<B, D>>
!w = tensor<8x8xf32, #nn.axes<D, D>>

nn.size @D = 8
nn.size @B in 1 to 4

func.func private @inner(%x: !x) -> !x {
  %w = nn.weight "w" : !w
  %y = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  return %y : !x
}
func.func private @layer(%x: !x) -> !x {
  %w = nn.weight "w" : !w
  %y = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  %z = nn.call @inner(%y) at "deep" : (!x) -> !x
  return %z : !x
}

// TYPES-LABEL: func.func private @inner(
// TYPES: nn.weight "w" stored q8
// TYPES-LABEL: func.func private @layer(
// TYPES: nn.weight "w" stored q8
// TYPES: nn.call @inner

// CHECK-LABEL: func.func @six_layers
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1 : index
// CHECK: %[[A:.*]] = scf.for %[[I:.*]] = %{{.*}} to %{{.*}} step {{.*}} iter_args(%{{.*}} = %arg0)
// CHECK:   nn.call @layer(%{{.*}}) at "h.{0}"[%[[I]]]
// CHECK: %[[FROM1:.*]] = arith.constant 1 : index
// CHECK: %[[TO3:.*]] = arith.constant 3 : index
// CHECK: %[[B:.*]] = scf.for {{.*}} = %[[FROM1]] to %[[TO3]] step {{.*}} iter_args(%{{.*}} = %[[A]])
// CHECK:   nn.call @[[SECOND:layer_[0-9]+]](
// CHECK: %[[FROM3:.*]] = arith.constant 3 : index
// CHECK: %[[TO4:.*]] = arith.constant 4 : index
// CHECK: %[[C:.*]] = scf.for {{.*}} = %[[FROM3]] to %[[TO4]] step {{.*}} iter_args(%{{.*}} = %[[B]])
// CHECK:   nn.call @[[THIRD:layer_[0-9]+]](
// CHECK: %[[FROM4:.*]] = arith.constant 4 : index
// CHECK: %[[TO6:.*]] = arith.constant 6 : index
// CHECK: %[[E:.*]] = scf.for {{.*}} = %[[FROM4]] to %[[TO6]] step {{.*}} iter_args(%{{.*}} = %[[C]])
// The last two are as the second and third: the same code.
// CHECK:   nn.call @[[SECOND]](
// CHECK: return %[[E]]
// CHECK: func.func private @[[SECOND]](
// CHECK: nn.call @inner_{{[0-9]+}}(
func.func @six_layers(%x: !x) -> !x attributes {nn.entry} {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %six = arith.constant 6 : index
  %y = scf.for %l = %zero to %six step %one iter_args(%h = %x) -> !x {
    %n = nn.call @layer(%h) at "h.{0}" [%l] : (!x) -> !x
    scf.yield %n : !x
  }
  return %y : !x
}

// The fourth layer: its own weight is f32, that of its inner block bf16.
// TYPES: nn.weight "w" stored bf16
// TYPES-NOT: stored q8
