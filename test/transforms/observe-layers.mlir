// RUN: heddle-opt %s --nn-observe-layers=entries=score,plain --remarks-filter=nn-observe-layers 2>&1 | FileCheck %s
// RUN: not heddle-opt %s --nn-observe-layers=entries=layer 2>&1 | FileCheck %s --check-prefix=ENTRY
// ENTRY: error: found no entry layer to observe

nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
nn.size @D = 3
!x = tensor<?x?x3xf32, #nn.axes<B, T, D>>

// CHECK: remark: {{.*}}"no loop carries a stream of tokens", Remark="layers of 'plain' not observed"

// The entry and its blocks stay as they are.
// CHECK-LABEL: func.func @score(
// CHECK: nn.call @stack
// CHECK-LABEL: func.func private @stack(
// CHECK: scf.for
// CHECK-NOT: nn.select
func.func @score(%x: !x {nn.name = "x"}) -> !x attributes {nn.entry} {
  %y = nn.call @stack(%x) at "model" : (!x) -> !x
  %z = nn.call @head(%y) at "head" : (!x) -> !x
  return %z : !x
}

// Two loops; what is carried beside the stream is no answer.
func.func private @stack(%x: !x) -> !x {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %a, %w = scf.for %l = %c0 to %c2 step %c1 iter_args(%h = %x, %o = %x) -> (!x, !x) {
    %n = nn.call @layer(%h) at "early.{0}" [%l] : (!x) -> !x
    scf.yield %n, %h : !x, !x
  }
  %b = scf.for %l = %c2 to %c4 step %c1 iter_args(%h = %a) -> (!x) {
    %n = nn.call @layer(%h) at "late.h.{0}" [%l] : (!x) -> !x
    scf.yield %n : !x
  }
  return %b : !x
}

func.func private @layer(%x: !x) -> !x {
  %w = nn.weight "w" : tensor<3xf32, #nn.axes<D>>
  %y = nn.mul %x, %w : (!x, tensor<3xf32, #nn.axes<D>>) -> !x
  return %y : !x
}

func.func private @head(%x: !x) -> !x {
  %y = nn.relu %x : !x
  return %y : !x
}

func.func @plain(%x: !x {nn.name = "x"}) -> !x attributes {nn.entry} {
  %y = nn.call @head(%x) at "head" : (!x) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @score__layers(
// CHECK-SAME: %[[X:[a-z0-9]+]]: !B_T_D {nn.name = "x"}) -> (!B_T_2_D {nn.name = "model_early"}, !B_T_2_D {nn.name = "model_late_h"}) attributes {nn.entry}
// CHECK: %[[LINES:.*]] = nn.positions "2"
// CHECK: %[[NEVER:.*]] = nn.compare ne %[[LINES]], %[[LINES]]
// CHECK: %[[EMPTY:.*]] = nn.select %[[NEVER]], %[[X]],
// CHECK: %[[EARLY:.*]]:3 = scf.for %[[L:[a-z0-9]+]] = %{{.*}} iter_args(%{{.*}} = %[[X]], %{{.*}} = %[[X]], %[[SEEN:.*]] = %[[EMPTY]])
// CHECK: %[[Y:.*]] = nn.call @[[LAYER:layer_[0-9]+]](%{{.*}}) at "model.early.{0}"[%[[L]]]
// CHECK: %[[TURN:.*]] = nn.loop_number %[[L]] from 0 of
// CHECK: %[[NOW:.*]] = nn.compare eq %[[LINES]], %[[TURN]]
// CHECK: %[[MORE:.*]] = nn.select %[[NOW]], %[[Y]], %[[SEEN]]
// CHECK: scf.yield %[[Y]], %{{.*}}, %[[MORE]]
// CHECK: %[[LATE:.*]]:2 = scf.for
// CHECK: nn.loop_number %{{.*}} from 2 of
// CHECK-NOT: nn.call @head
// CHECK: return %[[EARLY]]#2, %[[LATE]]#1
// CHECK: func.func private @[[LAYER]](
