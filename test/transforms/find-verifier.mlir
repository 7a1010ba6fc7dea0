// RUN: heddle-opt %s --split-input-file --nn-find-verifier | FileCheck %s

!ids = tensor<?x?xi32, #nn.axes<B, T over V>>
!x = tensor<?x?x3xf32, #nn.axes<B, T, D>>
!l = tensor<?x3xf32, #nn.axes<B, D>>
!all = tensor<?x?x11xf32, #nn.axes<B, T, V>>
!last = tensor<?x11xf32, #nn.axes<B, V>>
!w = tensor<11x3xf32, #nn.axes<V, D>>
!g = tensor<3xf32, #nn.axes<D>>

// The blocks behind `last` are specialised for one position and for all; a norm may stand before `last` or behind it.
// CHECK: module attributes {{{.*}}nn.verify = "score"
module attributes {nn.generate = ["step"]} {
  nn.size @V = 11
  nn.size @D = 3
  nn.size @B in 1 to 4
  nn.size @T in 1 to 8 per @B
  nn.size @S in 1 to 16 per @B
  func.func @step(%ids: !ids {nn.name = "ids"}) -> !last attributes {nn.entry} {
    %x = nn.call @decoder(%ids) at "model" : (!ids) -> !x
    %p = nn.pick last %x over "T" : (!x) -> !l
    %g = nn.weight "norm" : !g
    %n = nn.rms_norm %p, %g eps 0.001 : (!l, !g) -> !l
    %y = nn.call @logits(%n) at "" : (!l) -> !last
    return %y : !last
  }
  func.func private @decoder(%ids: !ids) -> !x {
    %w = nn.weight "wte" : !w
    %x = nn.embed %ids, %w : (!ids, !w) -> !x
    %c = nn.cache_append "c" %x from "T" to "S" : (!x) -> tensor<?x?x3xf32, #nn.axes<B, S, D>>
    return %x : !x
  }
  func.func private @logits(%x: !l) -> !last {
    %w = nn.weight "head" : !w
    %y = nn.linear %x, %w contracts 1 : (!l, !w) -> !last
    return %y : !last
  }
  func.func private @logits_1(%x: !x) -> !all {
    %w = nn.weight "head" : !w
    %y = nn.linear %x, %w contracts 1 : (!x, !w) -> !all
    return %y : !all
  }
  // Another head.
  func.func @other(%ids: !ids {nn.name = "ids"}) -> !all attributes {nn.entry} {
    %x = nn.call @decoder(%ids) at "model" : (!ids) -> !x
    %g = nn.weight "norm" : !g
    %n = nn.rms_norm %x, %g eps 0.001 : (!x, !g) -> !x
    %w = nn.weight "wte" : !w
    %y = nn.linear %n, %w contracts 1 : (!x, !w) -> !all
    return %y : !all
  }
  func.func @score(%ids: !ids {nn.name = "ids"}) -> !all attributes {nn.entry} {
    %x = nn.call @decoder(%ids) at "model" : (!ids) -> !x
    %g = nn.weight "norm" : !g
    %n = nn.rms_norm %x, %g eps 0.001 : (!x, !g) -> !x
    %y = nn.call @logits_1(%n) at "" : (!x) -> !all
    return %y : !all
  }
}

// -----

!ids = tensor<?x?xi32, #nn.axes<B, T over V>>
!x = tensor<?x?x3xf32, #nn.axes<B, T, D>>
!l = tensor<?x3xf32, #nn.axes<B, D>>
!all = tensor<?x?x11xf32, #nn.axes<B, T, V>>
!last = tensor<?x11xf32, #nn.axes<B, V>>
!w = tensor<11x3xf32, #nn.axes<V, D>>
!g = tensor<3xf32, #nn.axes<D>>

// What mixes positions behind `last`, a path, an attribute, an input or an op more are something else; and so is the first position.
// CHECK: module attributes {
// CHECK-NOT: nn.verify
module attributes {nn.generate = ["step"]} {
  nn.size @V = 11
  nn.size @D = 3
  nn.size @B in 1 to 4
  nn.size @T in 1 to 8 per @B
  func.func @step(%ids: !ids {nn.name = "ids"}) -> !last attributes {nn.entry} {
    %t = nn.weight "wte" : !w
    %x = nn.embed %ids, %t : (!ids, !w) -> !x
    %p = nn.pick last %x over "T" : (!x) -> !l
    %g = nn.weight "norm" : !g
    %n = nn.rms_norm %p, %g eps 0.001 : (!l, !g) -> !l
    %w = nn.weight "head" : !w
    %y = nn.linear %n, %w contracts 1 : (!l, !w) -> !last
    return %y : !last
  }
  func.func @other_path(%ids: !ids {nn.name = "ids"}) -> !all attributes {nn.entry} {
    %t = nn.weight "wte" : !w
    %x = nn.embed %ids, %t : (!ids, !w) -> !x
    %g = nn.weight "norm_2" : !g
    %n = nn.rms_norm %x, %g eps 0.001 : (!x, !g) -> !x
    %w = nn.weight "head" : !w
    %y = nn.linear %n, %w contracts 1 : (!x, !w) -> !all
    return %y : !all
  }
  func.func @other_epsilon(%ids: !ids {nn.name = "ids"}) -> !all attributes {nn.entry} {
    %t = nn.weight "wte" : !w
    %x = nn.embed %ids, %t : (!ids, !w) -> !x
    %g = nn.weight "norm" : !g
    %n = nn.rms_norm %x, %g eps 0.01 : (!x, !g) -> !x
    %w = nn.weight "head" : !w
    %y = nn.linear %n, %w contracts 1 : (!x, !w) -> !all
    return %y : !all
  }
  func.func @an_op_more(%ids: !ids {nn.name = "ids"}) -> !all attributes {nn.entry} {
    %t = nn.weight "wte" : !w
    %x = nn.embed %ids, %t : (!ids, !w) -> !x
    %g = nn.weight "norm" : !g
    %n = nn.rms_norm %x, %g eps 0.001 : (!x, !g) -> !x
    %w = nn.weight "head" : !w
    %y = nn.linear %n, %w contracts 1 : (!x, !w) -> !all
    %z = nn.silu %y : !all
    return %z : !all
  }
  func.func @other_name(%ids: !ids {nn.name = "tokens"}) -> !all attributes {nn.entry} {
    %t = nn.weight "wte" : !w
    %x = nn.embed %ids, %t : (!ids, !w) -> !x
    %g = nn.weight "norm" : !g
    %n = nn.rms_norm %x, %g eps 0.001 : (!x, !g) -> !x
    %w = nn.weight "head" : !w
    %y = nn.linear %n, %w contracts 1 : (!x, !w) -> !all
    return %y : !all
  }
}

// -----

!ids = tensor<?x?xi32, #nn.axes<B, T over V>>
!all = tensor<?x?x11xf32, #nn.axes<B, T, V>>
!last = tensor<?x11xf32, #nn.axes<B, V>>
!w = tensor<11x11xf32, #nn.axes<V, V>>

// CHECK: module attributes {
// CHECK-NOT: nn.verify
module attributes {nn.generate = ["step"]} {
  nn.size @V = 11
  nn.size @B in 1 to 4
  nn.size @T in 1 to 8 per @B
  func.func @step(%ids: !ids {nn.name = "ids"}) -> !last attributes {nn.entry} {
    %t = nn.weight "wte" : !w
    %x = nn.embed %ids, %t : (!ids, !w) -> !all
    %p = nn.pick first %x over "T" : (!all) -> !last
    return %p : !last
  }
  func.func @score(%ids: !ids {nn.name = "ids"}) -> !all attributes {nn.entry} {
    %t = nn.weight "wte" : !w
    %x = nn.embed %ids, %t : (!ids, !w) -> !all
    return %x : !all
  }
}

// -----

// A model that writes no text, or whose step gives every position anyway.
// CHECK: module {
// CHECK-NOT: nn.verify
module {
}
