// RUN: heddle-opt %s --nn-inline-state-readers --split-input-file --verify-diagnostics --remarks-filter=nn-inline-state-readers | FileCheck %s

nn.size @B in 1 to 4
nn.size @D = 8
!x = tensor<?x8xf32, #nn.axes<B, D>>
!w = tensor<8x8xf32, #nn.axes<D, D>>
nn.state @memory : !x

// Each entry has the block's ops, under the path of its call, and those of what the block hands the state on to.
// CHECK-LABEL: func.func @step(
// CHECK-NEXT: nn.state_read
// CHECK-NEXT: nn.weight "d.k.w"
// CHECK-NEXT: nn.linear
// CHECK-NEXT: nn.call @shared({{.*}}) at "d.s"
// CHECK-NEXT: nn.add
// CHECK-NEXT: return
func.func @step(%x: !x) -> !x attributes {nn.entry} {
  %m = nn.state_read @memory : !x
  // expected-remark @+1 {{block 'decoder' made part of an entry}}
  %y = nn.call @decoder(%x, %m) at "d" : (!x, !x) -> !x
  return %y : !x
}
// CHECK-LABEL: func.func @score(
// CHECK-NEXT: nn.state_read
// CHECK-NEXT: nn.weight "d.k.w"
// CHECK-NEXT: nn.linear
// CHECK-NEXT: nn.call @shared({{.*}}) at "d.s"
// CHECK-NEXT: nn.add
// CHECK-NEXT: return
func.func @score(%x: !x) -> !x attributes {nn.entry} {
  %m = nn.state_read @memory : !x
  // expected-remark @+1 {{block 'decoder' made part of an entry}}
  %y = nn.call @decoder(%x, %m) at "d" : (!x, !x) -> !x
  return %y : !x
}
// CHECK-NOT: func.func @decoder
func.func @decoder(%x: !x, %m: !x) -> !x {
  // expected-remark @+1 {{block 'keys' made part of an entry}}
  %k = nn.call @keys(%m) at "k" : (!x) -> !x
  %y = nn.call @shared(%k) at "s" : (!x) -> !x
  %z = nn.add %x, %y : (!x, !x) -> !x
  return %z : !x
}
// CHECK-NOT: func.func @keys
func.func @keys(%m: !x) -> !x {
  %w = nn.weight "w" : !w
  %y = nn.linear %m, %w contracts 1 : (!x, !w) -> !x
  return %y : !x
}
// CHECK: func.func @shared
func.func @shared(%x: !x) -> !x {
  %y = nn.silu %x : !x
  return %y : !x
}
func.func @set(%x: !x) attributes {nn.entry} {
  nn.state_write @memory, %x : !x
  return
}

// -----

nn.size @B in 1 to 4
nn.size @D = 8
!x = tensor<?x8xf32, #nn.axes<B, D>>
nn.state @memory : !x

// CHECK-LABEL: func.func @not_inlined_when_it_is_handed_no_state(
// CHECK: nn.call @twice
func.func @not_inlined_when_it_is_handed_no_state(%x: !x) -> !x attributes {nn.entry} {
  %m = nn.state_read @memory : !x
  %y = nn.silu %m : !x
  %z = nn.call @twice(%y) at "" : (!x) -> !x
  return %z : !x
}
// CHECK: func.func @twice
func.func @twice(%x: !x) -> !x {
  %y = nn.silu %x : !x
  return %y : !x
}
// CHECK-LABEL: func.func @not_inlined_when_an_entry(
// CHECK: nn.call @not_inlined_when_it_is_handed_no_state
func.func @not_inlined_when_an_entry(%x: !x) -> !x attributes {nn.entry} {
  %m = nn.state_read @memory : !x
  %y = nn.call @not_inlined_when_it_is_handed_no_state(%m) at "" : (!x) -> !x
  return %y : !x
}
func.func @set(%x: !x) attributes {nn.entry} {
  nn.state_write @memory, %x : !x
  return
}
