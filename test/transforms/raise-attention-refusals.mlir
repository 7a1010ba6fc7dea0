// What only looks like attention. Every refusal gives its reason.
// RUN: heddle-opt %s --nn-raise-attention --split-input-file --verify-diagnostics --remarks-filter=nn-raise-attention > /dev/null

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!v = tensor<?x?x2x6xf32, #nn.axes<B, S, H, V>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!a = tensor<?x?x2x6xf32, #nn.axes<B, T, H, V>>
!n = tensor<f32, #nn.axes<>>

func.func @scores_with_two_users(%q: !q, %k: !k, %v: !v) -> (!a, !s) {
  %d = nn.dot %q, %k over "K" : (!q, !k) -> !s
  // expected-remark @+1 {{Reason="the scores have another user", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %v over "S" : (!s, !v) -> !a
  return %a, %d : !a, !s
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!v = tensor<?x?x2x6xf32, #nn.axes<B, S, H, V>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!a = tensor<?x?x2x6xf32, #nn.axes<B, T, H, V>>
!n = tensor<f32, #nn.axes<>>

func.func @masked_scores_with_two_users(%q: !q, %k: !k, %v: !v) -> (!a, !s) {
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d = nn.mask %d0 query "T" key "S" where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    nn.yield %c : i1
  } : (!s) -> !s
  // expected-remark @+1 {{Reason="the scores have another user", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %v over "S" : (!s, !v) -> !a
  return %a, %d : !a, !s
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!v = tensor<?x?x2x6xf32, #nn.axes<B, S, H, V>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!a = tensor<?x?x2x6xf32, #nn.axes<B, T, H, V>>
!n = tensor<f32, #nn.axes<>>

func.func @weights_with_two_users(%q: !q, %k: !k, %v: !v) -> (!a, !s) {
  %d = nn.dot %q, %k over "K" : (!q, !k) -> !s
  // expected-remark @+1 {{Reason="the weights of the values have another user", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %v over "S" : (!s, !v) -> !a
  return %a, %p : !a, !s
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!v = tensor<?x?x2x6xf32, #nn.axes<B, S, H, V>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!a = tensor<?x?x2x6xf32, #nn.axes<B, T, H, V>>
!n = tensor<f32, #nn.axes<>>

func.func @weights_that_are_the_result(%q: !q, %k: !k, %v: !v) -> !s {
  %d = nn.dot %q, %k over "K" : (!q, !k) -> !s
  // expected-remark @+1 {{Reason="the weights are not multiplied with values over S", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  return %p : !s
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!v = tensor<?x?x2x6xf32, #nn.axes<B, S, H, V>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!a = tensor<?x?x2x6xf32, #nn.axes<B, T, H, V>>
!n = tensor<f32, #nn.axes<>>
!r = tensor<?x2x6x?xf32, #nn.axes<B, H, V, T>>

func.func @values_in_front(%q: !q, %k: !k, %v: !v) -> !r {
  %d = nn.dot %q, %k over "K" : (!q, !k) -> !s
  // expected-remark @+1 {{Reason="the values stand before their weights", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %v, %p over "S" : (!v, !s) -> !r
  return %a : !r
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!v = tensor<?x?x2x6xf32, #nn.axes<B, S, H, V>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!a = tensor<?x?x2x6xf32, #nn.axes<B, T, H, V>>
!n = tensor<f32, #nn.axes<>>
!w = tensor<?x?x6xf32, #nn.axes<B, S, V>>

func.func @values_of_fewer_axes(%q: !q, %k: !k, %v: !v, %w: !w) -> !a {
  %d = nn.dot %q, %k over "K" : (!q, !k) -> !s
  // expected-remark @+1 {{Reason="query, key and value need rows, positions, heads if any, and depth", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %w over "S" : (!s, !w) -> !a
  return %a : !a
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!v = tensor<?x?x2x6xf32, #nn.axes<B, S, H, V>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!a = tensor<?x?x2x6xf32, #nn.axes<B, T, H, V>>
!n = tensor<f32, #nn.axes<>>
!r = tensor<?x2x?x4xf32, #nn.axes<B, H, S, K>>

func.func @softmax_over_queries(%q: !q, %k: !k, %v: !v) -> !r {
  %d = nn.dot %q, %k over "K" : (!q, !k) -> !s
  // expected-remark @+1 {{Reason="the softmax is not over the positions of the keys", Remark="not raised to attention"}}
  %p = nn.softmax %d over "T" : (!s) -> !s
  %a = nn.dot %p, %q over "T" : (!s, !q) -> !r
  return %a : !r
}

// -----

!q = tensor<?x2x?x4xf32, #nn.axes<B, H, T, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!s = tensor<?x2x?x?xf32, #nn.axes<B, H, T, S>>

func.func @heads_before_positions(%q: !q, %k: !k) -> !q {
  %d = nn.dot %q, %k over "K" : (!q, !k) -> !s
  // expected-remark @+1 {{Reason="query, key and value differ in rows or heads", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// -----

!q = tensor<?x4x?x2xf32, #nn.axes<B, K, T, H>>
!k = tensor<?x?x4x2xf32, #nn.axes<B, S, K, H>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!a = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>

func.func @depth_before_heads(%q: !q, %k: !k) -> !a {
  %d = nn.dot %q, %k over "K" : (!q, !k) -> !s
  // expected-remark @+1 {{Reason="the scores are no product over the depth", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !a
  return %a : !a
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!v = tensor<?x?x2x6xf32, #nn.axes<B, S, H, V>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!a = tensor<?x?x2x6xf32, #nn.axes<B, T, H, V>>
!n = tensor<f32, #nn.axes<>>

func.func @mask_of_heads(%q: !q, %k: !k, %v: !v) -> !a {
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d = nn.mask %d0 query "H" key "S" where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    nn.yield %c : i1
  } : (!s) -> !s
  // expected-remark @+1 {{Reason="the mask is not over queries and keys", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %v over "S" : (!s, !v) -> !a
  return %a : !a
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!v = tensor<?x?x2x6xf32, #nn.axes<B, S, H, V>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!a = tensor<?x?x2x6xf32, #nn.axes<B, T, H, V>>
!n = tensor<f32, #nn.axes<>>
!w = tensor<?xf32, #nn.axes<S>>

func.func @bias_of_unknown_size(%q: !q, %k: !k, %v: !v, %w: !w) -> !a {
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d = nn.add %d0, %w : (!s, !w) -> !s
  // expected-remark @+1 {{Reason="the bias has sizes known only at run time", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %v over "S" : (!s, !v) -> !a
  return %a : !a
}

// -----

!q = tensor<?x?x?x4xf32, #nn.axes<B, T, N, K>>
!k = tensor<?x?x?x4xf32, #nn.axes<B, S, N, K>>
!s = tensor<?x?x?x?xf32, #nn.axes<B, T, N, S>>

func.func @heads_known_at_run_time(%q: !q, %k: !k) -> !q {
  %d = nn.dot %q, %k over "K" : (!q, !k) -> !s
  // expected-remark @+1 {{Reason="heads and depth are known only at run time", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// -----

!q = tensor<?x2x4xf32, #nn.axes<B, T, K>>
!k = tensor<?x3x4xf32, #nn.axes<B, S, K>>
!s = tensor<?x2x3xf32, #nn.axes<B, T, S>>
!r = tensor<5x?x2x3xf32, #nn.axes<R, B, T, S>>
!a = tensor<5x?x2x4xf32, #nn.axes<R, B, T, K>>

func.func @scores_repeated(%q: !q, %k: !k, %w: !r) -> !a {
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d = nn.add %d0, %w : (!s, !r) -> !r
  // expected-remark @+1 {{Reason="the scores are repeated along another axis", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!r) -> !r
  %a = nn.dot %p, %k over "S" : (!r, !k) -> !a
  return %a : !a
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!l = tensor<?x?x2x4xf32, #nn.axes<B, S, G, K>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!u = tensor<?x?x2x?xf32, #nn.axes<B, T, G, S>>
!a = tensor<?x?x2x4xf32, #nn.axes<B, T, G, K>>
!w = tensor<?x2x?xf32, #nn.axes<B, H, S>>

// The bias is added along an axis that is called G afterwards.
func.func @axes_renamed_after_a_bias(%q: !q, %k: !k, %l: !l, %w: !w) -> !a {
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d1 = nn.add %d0, %w : (!s, !w) -> !s
  %d2 = nn.rearrange %d1 sources [[0], [1], [2], [3]] : (!s) -> !u
  // expected-remark @+1 {{Reason="axes of the scores are merged, added or renamed", Remark="not raised to attention"}}
  %p = nn.softmax %d2 over "S" : (!u) -> !u
  %a = nn.dot %p, %l over "S" : (!u, !l) -> !a
  return %a : !a
}
