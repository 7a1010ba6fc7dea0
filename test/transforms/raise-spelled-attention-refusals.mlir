// Scales, masks and biases in an order that says something else, and sums over the depth that are no function of one query and
// one key. Every refusal gives its reason.
// RUN: heddle-opt %s --nn-raise-attention --split-input-file --verify-diagnostics --remarks-filter=nn-raise-attention > /dev/null

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!n = tensor<f32, #nn.axes<>>

func.func @masked_then_scaled_by_a_weight(%q: !q, %k: !k, %n: !n) -> !q {
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d1 = nn.mask %d0 query "T" key "S" where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    nn.yield %c : i1
  } : (!s) -> !s
  %d = nn.mul %d1, %n : (!s, !n) -> !s
  // expected-remark @+1 {{Reason="masked scores are scaled by what is not one positive number", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!n = tensor<f32, #nn.axes<>>

func.func @masked_then_negated(%q: !q, %k: !k) -> !q {
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d1 = nn.mask %d0 query "T" key "S" where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    nn.yield %c : i1
  } : (!s) -> !s
  %d = nn.neg %d1 : !s
  // expected-remark @+1 {{Reason="masked scores are scaled by what is not one positive number", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!n = tensor<f32, #nn.axes<>>

func.func @masked_then_capped(%q: !q, %k: !k) -> !q {
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d1 = nn.mask %d0 query "T" key "S" where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    nn.yield %c : i1
  } : (!s) -> !s
  %d = nn.tanh %d1 : !s
  // expected-remark @+1 {{Reason="the scores are masked before they are capped", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!n = tensor<f32, #nn.axes<>>

func.func @capped_then_scaled_by_a_weight(%q: !q, %k: !k, %n: !n) -> !q {
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d1 = nn.tanh %d0 : !s
  %d = nn.mul %d1, %n : (!s, !n) -> !s
  // expected-remark @+1 {{Reason="capped scores are scaled by what is not one positive number", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!n = tensor<f32, #nn.axes<>>

func.func @scaled_by_zero(%q: !q, %k: !k) -> !q {
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %zero = nn.constant 0.0 : !n
  %d = nn.mul %d0, %zero : (!s, !n) -> !s
  // expected-remark @+1 {{Reason="the scores are scaled by zero", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!n = tensor<f32, #nn.axes<>>

func.func @scaled_by_key(%q: !q, %k: !k, %w: tensor<?x2x?xf32, #nn.axes<B, H, S>>) -> !q {
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d = nn.mul %d0, %w : (!s, tensor<?x2x?xf32, #nn.axes<B, H, S>>) -> !s
  // expected-remark @+1 {{Reason="the scores of each key are scaled by a tensor", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!n = tensor<f32, #nn.axes<>>

func.func @bias_then_scaled_by_a_weight(%q: !q, %k: !k, %n: !n, %w: tensor<?x2x?xf32, #nn.axes<B, H, S>>) -> !q {
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d1 = nn.add %d0, %w : (!s, tensor<?x2x?xf32, #nn.axes<B, H, S>>) -> !s
  %d = nn.mul %d1, %n : (!s, !n) -> !s
  // expected-remark @+1 {{Reason="the bias is added before the scores are scaled by a tensor", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!n = tensor<f32, #nn.axes<>>

func.func @bias_under_the_cap(%q: !q, %k: !k, %w: tensor<?x2x?xf32, #nn.axes<B, H, S>>) -> !q {
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d1 = nn.add %d0, %w : (!s, tensor<?x2x?xf32, #nn.axes<B, H, S>>) -> !s
  %d = nn.tanh %d1 : !s
  // expected-remark @+1 {{Reason="the bias is added before the scores are capped", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!n = tensor<f32, #nn.axes<>>

func.func @capped_twice(%q: !q, %k: !k) -> !q {
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d1 = nn.tanh %d0 : !s
  %d = nn.tanh %d1 : !s
  // expected-remark @+1 {{Reason="the scores are capped twice", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!n = tensor<f32, #nn.axes<>>

// The queries of a call are not those of the session.
func.func @bias_of_queries_in_a_session(%q: !q, %x: !q, %w: !s) -> !q {
  %k = nn.cache_append "k" %x from "T" to "S" : (!q) -> !k
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d = nn.add %d0, %w : (!s, !s) -> !s
  // expected-remark @+1 {{Reason="the bias is of the queries of one call, and a session goes on", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!p = tensor<?x?x?x2x4xf32, #nn.axes<B, T, S, H, K>>
!s = tensor<?x?x?x2xf32, #nn.axes<B, T, S, H>>

func.func @sum_of_several_queries(%q: !q, %k: !k) -> !q {
  %e0 = nn.add %q, %k : (!q, !k) -> !p
  %r = nn.exp %q : !q
  %e = nn.mul %e0, %r : (!p, !q) -> !p
  %d = nn.reduce sum %e over "K" : (!p) -> !s
  // expected-remark @+1 {{Reason="the sum of the scores reads several tensors of queries, of keys or of neither", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!p = tensor<?x?x?x2x4xf32, #nn.axes<B, T, S, H, K>>
!s = tensor<?x?x?x2xf32, #nn.axes<B, T, S, H>>

func.func @sum_of_what_is_no_function(%q: !q, %k: !k, %w: !p) -> !q {
  %e0 = nn.add %q, %k : (!q, !k) -> !p
  %e = nn.add %e0, %w : (!p, !p) -> !p
  %d = nn.reduce sum %e over "K" : (!p) -> !s
  // expected-remark @+1 {{Reason="what is summed up to scores is not computed by elements", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!p = tensor<?x?x?x2x4xf32, #nn.axes<B, T, S, H, K>>
!s = tensor<?x?x?x2xf32, #nn.axes<B, T, S, H>>

func.func @sum_with_another_user(%q: !q, %k: !k) -> (!q, !p) {
  %e = nn.add %q, %k : (!q, !k) -> !p
  %d = nn.reduce sum %e over "K" : (!p) -> !s
  // expected-remark @+1 {{Reason="what is summed up to scores has another user", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a, %e : !q, !p
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!p = tensor<?x?x?x2x4xf32, #nn.axes<B, T, S, H, K>>
!s = tensor<?x?x?x2xf32, #nn.axes<B, T, S, H>>

func.func @sum_scaled_by_a_weight(%q: !q, %k: !k, %h: tensor<2xf32, #nn.axes<H>>) -> !q {
  %e = nn.add %q, %k : (!q, !k) -> !p
  %d0 = nn.reduce sum %e over "K" : (!p) -> !s
  %d = nn.mul %d0, %h : (!s, tensor<2xf32, #nn.axes<H>>) -> !s
  // expected-remark @+1 {{Reason="the scores are scaled by a tensor, and no product", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// -----

!q = tensor<?x?x2x3x4xf32, #nn.axes<B, T, G, R, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, G, K>>
!s = tensor<?x?x2x3x?xf32, #nn.axes<B, T, G, R, S>>

func.func @mask_by_one_of_two_axes_of_heads(%q: !q, %k: !k) -> !q {
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d = nn.mask %d0 query "T" key "S" where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %h : index
    nn.yield %c : i1
  } : (!s) -> !s
  // expected-remark @+1 {{Reason="the mask asks for the head, of which there are two axes", Remark="not raised to attention"}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}
