// RUN: heddle-opt %s --nn-group-tokens --split-input-file --verify-diagnostics --remarks-filter=nn-group-tokens | FileCheck %s

nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
nn.size @S in 1 to 9 per @B
!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
!h = tensor<?x?x3x2xf32, #nn.axes<B, T, H, K>>
!i = tensor<?x?x2xi32, #nn.axes<B, T, A over E>>
!y = tensor<?x?x2x8xf32, #nn.axes<B, T, A, D>>

// Lines of any shape, as long as a token's come from its own: products, norms, and what goes along an axis of the line.
func.func private @expert(%x: !x) -> !x {
  %n = nn.weight "n.weight" : tensor<8xf32, #nn.axes<D>>
  %z = nn.rms_norm %x, %n eps 1.0e-5 : (!x, tensor<8xf32, #nn.axes<D>>) -> !x
  %w = nn.weight "w.weight" : tensor<6x8xf32, #nn.axes<"H*K", D>>
  %h = nn.linear %z, %w contracts 1 : (!x, tensor<6x8xf32, #nn.axes<"H*K", D>>) -> !h
  %s = nn.softmax %h over "H" : (!h) -> !h
  %m = nn.reduce mean %s over "K" : (!h) -> tensor<?x?x3xf32, #nn.axes<B, T, H>>
  %g = nn.mul %s, %m : (!h, tensor<?x?x3xf32, #nn.axes<B, T, H>>) -> !h
  %o = nn.weight "o.weight" : tensor<8x6xf32, #nn.axes<D, "H*K">>
  %y = nn.linear %g, %o contracts 2 : (!h, tensor<8x6xf32, #nn.axes<D, "H*K">>) -> !x
  return %y : !x
}
// CHECK-LABEL: func.func @grouped
// CHECK: nn.route @expert(%{{.*}}) by %{{.*}} of 5 grouped at
func.func @grouped(%x: !x, %i: !i) -> !y {
  // expected-remark @+1 {{runs each block on the tokens that chose it}}
  %y = nn.route @expert(%x) by %i of 5 at "e.{0}" : (!x, !i) -> !y
  return %y : !y
}

// One token a row.
func.func private @of_rows(%x: tensor<?x8xf32, #nn.axes<B, D>>) -> tensor<?x8xf32, #nn.axes<B, D>> {
  %y = nn.relu %x : tensor<?x8xf32, #nn.axes<B, D>>
  return %y : tensor<?x8xf32, #nn.axes<B, D>>
}
// CHECK-LABEL: func.func @grouped_where_rows_are_tokens
// CHECK: nn.route @of_rows(%{{.*}}) by %{{.*}} of 5 grouped at
func.func @grouped_where_rows_are_tokens(%x: tensor<?x8xf32, #nn.axes<B, D>>, %i: tensor<?x2xi32, #nn.axes<B, A over E>>)
    -> tensor<?x2x8xf32, #nn.axes<B, A, D>> {
  // expected-remark @+1 {{runs each block on the tokens that chose it}}
  %y = nn.route @of_rows(%x) by %i of 5 at "e.{0}" : (tensor<?x8xf32, #nn.axes<B, D>>, tensor<?x2xi32, #nn.axes<B, A over E>>) -> tensor<?x2x8xf32, #nn.axes<B, A, D>>
  return %y : tensor<?x2x8xf32, #nn.axes<B, A, D>>
}

// What moves elements within a token.
func.func private @moved(%x: !x) -> !x {
  %a, %b = nn.split %x along 2 : (!x) -> (tensor<?x?x3xf32, #nn.axes<B, T, P>>, tensor<?x?x5xf32, #nn.axes<B, T, Q>>)
  %y = nn.concat %b, %a along 2 : (tensor<?x?x5xf32, #nn.axes<B, T, Q>>, tensor<?x?x3xf32, #nn.axes<B, T, P>>) -> !x
  %w = nn.weight "w.weight" : tensor<6x8xf32, #nn.axes<"H*K", D>>
  %h = nn.linear %y, %w contracts 1 : (!x, tensor<6x8xf32, #nn.axes<"H*K", D>>) -> !h
  %r = nn.rearrange %h sources [[0], [1], [3, 2]] : (!h) -> tensor<?x?x6xf32, #nn.axes<B, T, "H*K">>
  %o = nn.weight "o.weight" : tensor<8x6xf32, #nn.axes<D, "H*K">>
  %z = nn.linear %r, %o contracts 1 : (tensor<?x?x6xf32, #nn.axes<B, T, "H*K">>, tensor<8x6xf32, #nn.axes<D, "H*K">>) -> !x
  return %z : !x
}
// CHECK-LABEL: func.func @grouped_where_elements_move_within_a_token
// CHECK: nn.route @moved(%{{.*}}) by %{{.*}} of 5 grouped at
func.func @grouped_where_elements_move_within_a_token(%x: !x, %i: !i) -> !y {
  // expected-remark @+1 {{runs each block on the tokens that chose it}}
  %y = nn.route @moved(%x) by %i of 5 at "e.{0}" : (!x, !i) -> !y
  return %y : !y
}

// Each token by itself, but no longer line after line.
func.func private @turned(%x: !x) -> !x {
  %t = nn.rearrange %x sources [[2], [0], [1]] : (!x) -> tensor<8x?x?xf32, #nn.axes<D, B, T>>
  %y = nn.rearrange %t sources [[1], [2], [0]] : (tensor<8x?x?xf32, #nn.axes<D, B, T>>) -> !x
  return %y : !x
}
// CHECK-LABEL: func.func @not_grouped_when_tokens_do_not_stand_first
// CHECK-NOT: grouped at
func.func @not_grouped_when_tokens_do_not_stand_first(%x: !x, %i: !i) -> !y {
  // expected-remark @+1 {{a token's result may depend on others through nn.rearrange}}
  %y = nn.route @turned(%x) by %i of 5 at "e.{0}" : (!x, !i) -> !y
  return %y : !y
}

// nn.upsample does not list DependenceOpInterface.
func.func private @silent(%x: !x) -> !x {
  %y = nn.upsample nearest %x : (!x) -> !x
  return %y : !x
}
// CHECK-LABEL: func.func @not_grouped_when_an_op_does_not_say
// CHECK-NOT: grouped at
func.func @not_grouped_when_an_op_does_not_say(%x: !x, %i: !i) -> !y {
  // expected-remark @+1 {{a token's result may depend on others through nn.upsample}}
  %y = nn.route @silent(%x) by %i of 5 at "e.{0}" : (!x, !i) -> !y
  return %y : !y
}

func.func private @softmax(%x: !x) -> !x {
  %y = nn.softmax %x over "T" : (!x) -> !x
  return %y : !x
}
// CHECK-LABEL: func.func @not_grouped_when_an_axis_of_tokens_is_reduced
// CHECK-NOT: grouped at
func.func @not_grouped_when_an_axis_of_tokens_is_reduced(%x: !x, %i: !i) -> !y {
  // expected-remark @+1 {{Reason="a token's result may depend on others through nn.softmax", Remark="runs on all tokens"}}
  %y = nn.route @softmax(%x) by %i of 5 at "e.{0}" : (!x, !i) -> !y
  return %y : !y
}

func.func private @cached(%x: !x) -> !x {
  %s = nn.cache_append "k" %x from "T" to "S" : (!x) -> tensor<?x?x8xf32, #nn.axes<B, S, D>>
  return %x : !x
}
// CHECK-LABEL: func.func @not_grouped_with_a_cache
// CHECK-NOT: grouped at
func.func @not_grouped_with_a_cache(%x: !x, %i: !i) -> !y {
  // expected-remark @+1 {{a token's result may depend on others through nn.cache_append}}
  %y = nn.route @cached(%x) by %i of 5 at "e.{0}" : (!x, !i) -> !y
  return %y : !y
}

// -----

// Rows of one length: two dimensions of memory.
nn.size @B in 1 to 4
nn.size @T in 1 to 6
!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
!i = tensor<?x?x2xi32, #nn.axes<B, T, A over E>>
!y = tensor<?x?x2x8xf32, #nn.axes<B, T, A, D>>
func.func private @expert(%x: !x) -> !x {
  %y = nn.relu %x : !x
  return %y : !x
}
// CHECK-LABEL: func.func @not_grouped_when_tokens_are_no_lines
// CHECK-NOT: grouped at
func.func @not_grouped_when_tokens_are_no_lines(%x: !x, %i: !i) -> !y attributes {nn.entry} {
  // expected-remark @+1 {{tokens are no lines one after another}}
  %y = nn.route @expert(%x) by %i of 5 at "e.{0}" : (!x, !i) -> !y
  return %y : !y
}
