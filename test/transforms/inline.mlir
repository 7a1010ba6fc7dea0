// MLIR's own inliner knows nn.call: every copy of a block stands under the path of its call.
// RUN: heddle-opt %s --inline | FileCheck %s

nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
nn.size @D = 8
!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
!w = tensor<8x8xf32, #nn.axes<D, D>>

func.func private @block(%x: !x) -> !x {
  %w = nn.weight "w.weight" : !w
  %y = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  return %y : !x
}
func.func private @recurrence(%x: !x) -> !x {
  %y = nn.scan "scan" over "T"(%x) carry [] {
  ^bb0(%xt: tensor<?x8xf32, #nn.axes<B, D>>):
    nn.yield %xt : tensor<?x8xf32, #nn.axes<B, D>>
  } : (!x) -> !x
  return %y : !x
}
// CHECK-LABEL: func.func @called_twice
// CHECK-NEXT: %[[A:.*]] = nn.weight "a.w.weight" :
// CHECK-NEXT: %[[X:.*]] = nn.linear %{{.*}}, %[[A]]
// CHECK-NEXT: %[[B:.*]] = nn.weight absolute "b.w.weight" :
// CHECK-NEXT: nn.linear %[[X]], %[[B]]
func.func @called_twice(%x: !x) -> !x attributes {nn.entry} {
  %y = nn.call @block(%x) at "a" : (!x) -> !x
  %z = nn.call @block(%y) at absolute "b" : (!x) -> !x
  return %z : !x
}
// CHECK-LABEL: func.func @recurrence_gets_the_path_of_its_call
// CHECK: nn.scan "h.{0}.scan"[%{{.*}}] over "T"
func.func @recurrence_gets_the_path_of_its_call(%x: !x) -> !x attributes {nn.entry} {
  %zero = arith.constant 0 : index
  %y = nn.call @recurrence(%x) at "h.{0}" [%zero] : (!x) -> !x
  return %y : !x
}
// CHECK-LABEL: func.func @stays_a_choice
// CHECK: nn.route @block
func.func @stays_a_choice(%x: !x, %e: tensor<?x?x2xi32, #nn.axes<B, T, A over E>>) -> tensor<?x?x2x8xf32, #nn.axes<B, T, A, D>>
    attributes {nn.entry} {
  %y = nn.route @block(%x) by %e of 3 at "e.{0}" : (!x, tensor<?x?x2xi32, #nn.axes<B, T, A over E>>) -> tensor<?x?x2x8xf32, #nn.axes<B, T, A, D>>
  return %y : tensor<?x?x2x8xf32, #nn.axes<B, T, A, D>>
}
