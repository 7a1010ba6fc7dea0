// RUN: heddle-opt %s --nn-inline-blocks --split-input-file --verify-diagnostics --remarks-filter=nn-inline-blocks | FileCheck %s

nn.size @B in 1 to 4
!x = tensor<?x8xf32, #nn.axes<B, D>>
!w = tensor<8x8xf32, #nn.axes<D, D>>
nn.size @D = 8

// The path of the call comes before the block's own, its indices before the block's.
// CHECK-NOT: func.func @layer
// CHECK-NOT: func.func @ffn
func.func @ffn(%x: !x) -> !x {
  %one = arith.constant 1 : index
  %w = nn.weight "up.{0}.weight" [%one] : !w
  %y = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  return %y : !x
}
func.func @layer(%x: !x) -> !x {
  %shared = nn.weight absolute "shared.weight" : !w
  %h = nn.linear %x, %shared contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{block 'ffn' made part of its caller}}
  %y = nn.call @ffn(%h) at "mlp" : (!x) -> !x
  return %y : !x
}
// CHECK-LABEL: func.func @one_call_is_inlined
// CHECK: scf.for %[[L:.*]] = %{{.*}} iter_args(%[[X:.*]] = %{{.*}})
// CHECK-NEXT: %[[S:.*]] = nn.weight absolute "shared.weight" :
// CHECK-NEXT: %[[H:.*]] = nn.linear %[[X]], %[[S]]
// CHECK-NEXT: %[[ONE:.*]] = arith.constant 1 : index
// CHECK-NEXT: %[[W:.*]] = nn.weight "h.{0}.mlp.up.{1}.weight"[%[[L]], %[[ONE]]]
// CHECK-NEXT: %[[Y:.*]] = nn.linear %[[H]], %[[W]]
// CHECK-NEXT: scf.yield %[[Y]]
func.func @one_call_is_inlined(%x: !x) -> !x attributes {nn.entry} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %r = scf.for %l = %c0 to %c3 step %c1 iter_args(%t = %x) -> (!x) {
    // expected-remark @+1 {{block 'layer' made part of its caller}}
    %y = nn.call @layer(%t) at "h.{0}" [%l] : (!x) -> !x
    scf.yield %y : !x
  }
  return %r : !x
}

// -----

nn.size @B in 1 to 4
nn.size @D = 8
nn.size @A = 2
!x = tensor<?x8xf32, #nn.axes<B, D>>
!w = tensor<8x8xf32, #nn.axes<D, D>>

// What else has a path is moved under the call's, absolute where the call is.
func.func @expert(%x: !x) -> !x {
  return %x : !x
}
func.func @inner(%x: !x) -> !x {
  %w = nn.weight "weight" : !w
  %y = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  return %y : !x
}
func.func @routed(%x: !x, %chosen: tensor<?x2xi32, #nn.axes<B, A over E>>) -> tensor<?x2x8xf32, #nn.axes<B, A, D>> {
  %y = nn.route @expert(%x) by %chosen of 4 at "experts.{0}" : (!x, tensor<?x2xi32, #nn.axes<B, A over E>>) -> tensor<?x2x8xf32, #nn.axes<B, A, D>>
  return %y : tensor<?x2x8xf32, #nn.axes<B, A, D>>
}
nn.size @E = 4
// CHECK: func.func @expert(
// CHECK-LABEL: func.func @paths_of_all_kinds
// CHECK: nn.weight absolute "head.weight"
// CHECK: nn.route @expert({{.*}}) {{.*}} at "moe.experts.{0}"
func.func @paths_of_all_kinds(%x: !x, %chosen: tensor<?x2xi32, #nn.axes<B, A over E>>) -> tensor<?x2x8xf32, #nn.axes<B, A, D>> attributes {nn.entry} {
  // expected-remark @+1 {{block 'inner' made part of its caller}}
  %h = nn.call @inner(%x) at absolute "head" : (!x) -> !x
  // expected-remark @+1 {{block 'routed' made part of its caller}}
  %y = nn.call @routed(%h, %chosen) at "moe" : (!x, tensor<?x2xi32, #nn.axes<B, A over E>>) -> tensor<?x2x8xf32, #nn.axes<B, A, D>>
  return %y : tensor<?x2x8xf32, #nn.axes<B, A, D>>
}

// -----

nn.size @B in 1 to 4
nn.size @D = 8
nn.size @A = 2
nn.size @E = 4
!x = tensor<?x8xf32, #nn.axes<B, D>>
!c = tensor<?x2xi32, #nn.axes<B, A over E>>
!y = tensor<?x2x8xf32, #nn.axes<B, A, D>>

func.func @expert(%x: !x) -> !x {
  return %x : !x
}
func.func @routed(%x: !x, %chosen: !c) -> !y {
  %y = nn.route @expert(%x) by %chosen of 4 at "experts.{0}" : (!x, !c) -> !y
  return %y : !y
}
// CHECK-LABEL: func.func @not_inlined_when_a_choice_would_be_absolute
// CHECK: nn.call @routed
func.func @not_inlined_when_a_choice_would_be_absolute(%x: !x, %chosen: !c) -> !y attributes {nn.entry} {
  // expected-remark @+1 {{Reason="an absolute path cannot stand before that of a choice", Remark="block 'routed' stays a function"}}
  %y = nn.call @routed(%x, %chosen) at absolute "moe" : (!x, !c) -> !y
  return %y : !y
}

// -----

nn.size @B in 1 to 4
nn.size @D = 8
!x = tensor<?x8xf32, #nn.axes<B, D>>

func.func @twice(%x: !x) -> !x {
  %y = nn.relu %x : !x
  return %y : !x
}
// CHECK: func.func @twice
// CHECK-LABEL: func.func @not_inlined_when_called_from_two_places
// CHECK-COUNT-2: nn.call @twice
func.func @not_inlined_when_called_from_two_places(%x: !x) -> !x attributes {nn.entry} {
  // expected-remark @+1 {{Reason="it is called from several places", Remark="block 'twice' stays a function"}}
  %a = nn.call @twice(%x) at "a" : (!x) -> !x
  // expected-remark @+1 {{Reason="it is called from several places", Remark="block 'twice' stays a function"}}
  %b = nn.call @twice(%a) at "b" : (!x) -> !x
  return %b : !x
}

// -----

nn.size @B in 1 to 4
nn.size @T in 1 to 4
nn.size @D = 8
!s = tensor<?x?x8xf32, #nn.axes<B, T, D>>
!x = tensor<?x8xf32, #nn.axes<B, D>>

func.func @recurrent(%s: !s) -> !s {
  %y = nn.scan "carry" over "T" (%s) carry [tensor<?x8xf32, #nn.axes<B, D>>] {
  ^bb0(%t: !x, %h: !x):
    %n = nn.add %t, %h : (!x, !x) -> !x
    nn.yield %n, %n : !x, !x
  } : (!s) -> !s
  return %y : !s
}
// CHECK-LABEL: func.func @recurrence_gets_the_indices_of_its_call
// CHECK: scf.for %[[L:.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args
// CHECK: nn.scan "h.{0}.carry"[%[[L]]] over "T"
func.func @recurrence_gets_the_indices_of_its_call(%s: !s) -> !s attributes {nn.entry} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %r = scf.for %l = %c0 to %c3 step %c1 iter_args(%t = %s) -> (!s) {
    // expected-remark @+1 {{block 'recurrent' made part of its caller}}
    %y = nn.call @recurrent(%t) at "h.{0}" [%l] : (!s) -> !s
    scf.yield %y : !s
  }
  return %r : !s
}

// -----

nn.size @B in 1 to 4
nn.size @D = 8
!x = tensor<?x8xf32, #nn.axes<B, D>>

func.func @called_by_itself(%x: !x) -> !x attributes {nn.entry} {
  return %x : !x
}
// CHECK: func.func @called_by_itself
// CHECK-LABEL: func.func @not_inlined_when_an_entry
// CHECK: nn.call @called_by_itself
func.func @not_inlined_when_an_entry(%x: !x) -> !x attributes {nn.entry} {
  // expected-remark @+1 {{Reason="it is an entry", Remark="block 'called_by_itself' stays a function"}}
  %y = nn.call @called_by_itself(%x) at "" : (!x) -> !x
  return %y : !x
}
