// Entries of one op each, whose inputs stand for weights too; numbers.py says what they give.
module attributes {nn.model = "numbers"} {
nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B

//===--- Images: 4 channels of 5x3, 2 groups of 3 outputs, windows of 3x2 -----------------------------===//

func.func @conv(%x: tensor<?x4x5x3xf32, #nn.axes<B, C, Y, X>> {nn.name = "x"},
                %w: tensor<6x2x3x2xf32, #nn.axes<O, "C/2", P, Q>> {nn.name = "w"}, %b: tensor<6xf32, #nn.axes<O>> {nn.name = "b"})
    -> tensor<?x6x3x2xf32, #nn.axes<B, O, V, U>> attributes {nn.entry} {
  %y = nn.conv %x, %w bias %b stride [2, 2] pad [1, 1] dilation [1, 1] {groups = 2 : i64}
     : (tensor<?x4x5x3xf32, #nn.axes<B, C, Y, X>>, tensor<6x2x3x2xf32, #nn.axes<O, "C/2", P, Q>>, tensor<6xf32, #nn.axes<O>>)
    -> tensor<?x6x3x2xf32, #nn.axes<B, O, V, U>>
  return %y : tensor<?x6x3x2xf32, #nn.axes<B, O, V, U>>
}
// Along lines (5 + 2 - 5) / 2 + 1 = 2 windows, along columns (3 + 4 - 4) / 1 + 1 = 4; what is added has the result's axes, and its channels'.
func.func @conv_apart(%x: tensor<?x4x5x3xf32, #nn.axes<B, C, Y, X>> {nn.name = "x"},
                      %w: tensor<6x2x3x2xf32, #nn.axes<O, "C/2", P, Q>> {nn.name = "w"}, %r: tensor<?x6x2x4xf32, #nn.axes<B, O, V, U>> {nn.name = "r"},
                      %s: tensor<6xf32, #nn.axes<O>> {nn.name = "s"}) -> tensor<?x6x2x4xf32, #nn.axes<B, O, V, U>> attributes {nn.entry} {
  %y = nn.conv %x, %w with %r, %s stride [2, 1] pad [1, 2] dilation [2, 3] then {
  ^bb0(%sum: f32, %residual: f32, %scale: f32):
    %0 = arith.mulf %sum, %scale : f32
    %1 = arith.addf %0, %residual : f32
    nn.yield %1 : f32
  } {groups = 2 : i64}
     : (tensor<?x4x5x3xf32, #nn.axes<B, C, Y, X>>, tensor<6x2x3x2xf32, #nn.axes<O, "C/2", P, Q>>, tensor<?x6x2x4xf32, #nn.axes<B, O, V, U>>,
        tensor<6xf32, #nn.axes<O>>) -> tensor<?x6x2x4xf32, #nn.axes<B, O, V, U>>
  return %y : tensor<?x6x2x4xf32, #nn.axes<B, O, V, U>>
}
// (5 - 1) * 3 - 2 + 3 + 2 = 15 lines, (3 - 1) * 2 - 0 + 4 + 0 = 8 columns.
func.func @conv_transposed(%x: tensor<?x4x5x3xf32, #nn.axes<B, C, Y, X>> {nn.name = "x"},
                           %w: tensor<4x3x3x2xf32, #nn.axes<C, "O/2", P, Q>> {nn.name = "w"}, %b: tensor<6xf32, #nn.axes<O>> {nn.name = "b"})
    -> tensor<?x6x15x8xf32, #nn.axes<B, O, V, U>> attributes {nn.entry} {
  %y = nn.conv transposed %x, %w bias %b stride [3, 2] pad [1, 0] dilation [1, 3] {groups = 2 : i64}
     : (tensor<?x4x5x3xf32, #nn.axes<B, C, Y, X>>, tensor<4x3x3x2xf32, #nn.axes<C, "O/2", P, Q>>, tensor<6xf32, #nn.axes<O>>)
    -> tensor<?x6x15x8xf32, #nn.axes<B, O, V, U>>
  return %y : tensor<?x6x15x8xf32, #nn.axes<B, O, V, U>>
}
func.func @pool_max(%x: tensor<?x2x5x7xf32, #nn.axes<B, C, Y, X>> {nn.name = "x"}) -> tensor<?x2x3x2xf32, #nn.axes<B, C, V, U>> attributes {nn.entry} {
  %y = nn.pool max %x window [3, 2] stride [2, 3] pad [1, 0] : (tensor<?x2x5x7xf32, #nn.axes<B, C, Y, X>>) -> tensor<?x2x3x2xf32, #nn.axes<B, C, V, U>>
  return %y : tensor<?x2x3x2xf32, #nn.axes<B, C, V, U>>
}
// Rounded up: the last windows lie partly outside.
func.func @pool_max_up(%x: tensor<?x2x5x7xf32, #nn.axes<B, C, Y, X>> {nn.name = "x"}) -> tensor<?x2x3x3xf32, #nn.axes<B, C, V, U>> attributes {nn.entry} {
  %y = nn.pool max %x window [2, 3] stride [2, 3] pad [0, 1] : (tensor<?x2x5x7xf32, #nn.axes<B, C, Y, X>>) -> tensor<?x2x3x3xf32, #nn.axes<B, C, V, U>>
  return %y : tensor<?x2x3x3xf32, #nn.axes<B, C, V, U>>
}
func.func @pool_average(%x: tensor<?x2x5x7xf32, #nn.axes<B, C, Y, X>> {nn.name = "x"}) -> tensor<?x2x3x3xf32, #nn.axes<B, C, V, U>> attributes {nn.entry} {
  %y = nn.pool average %x window [2, 3] stride [2, 3] pad [1, 1] : (tensor<?x2x5x7xf32, #nn.axes<B, C, Y, X>>) -> tensor<?x2x3x3xf32, #nn.axes<B, C, V, U>>
  return %y : tensor<?x2x3x3xf32, #nn.axes<B, C, V, U>>
}
func.func @pool_average_of_pad(%x: tensor<?x2x5x7xf32, #nn.axes<B, C, Y, X>> {nn.name = "x"}) -> tensor<?x2x3x4xf32, #nn.axes<B, C, V, U>> attributes {nn.entry} {
  %y = nn.pool average %x window [3, 4] stride [2, 2] pad [1, 1] counts_pad : (tensor<?x2x5x7xf32, #nn.axes<B, C, Y, X>>) -> tensor<?x2x3x4xf32, #nn.axes<B, C, V, U>>
  return %y : tensor<?x2x3x4xf32, #nn.axes<B, C, V, U>>
}
func.func @nearest(%x: tensor<?x2x2x3xf32, #nn.axes<B, C, Y, X>> {nn.name = "x"}) -> tensor<?x2x4x6xf32, #nn.axes<B, C, "2*Y", "2*X">> attributes {nn.entry} {
  %y = nn.upsample nearest %x : (tensor<?x2x2x3xf32, #nn.axes<B, C, Y, X>>) -> tensor<?x2x4x6xf32, #nn.axes<B, C, "2*Y", "2*X">>
  return %y : tensor<?x2x4x6xf32, #nn.axes<B, C, "2*Y", "2*X">>
}
func.func @nearest_to(%x: tensor<?x2x2x3xf32, #nn.axes<B, C, Y, X>> {nn.name = "x"}) -> tensor<?x2x5x7xf32, #nn.axes<B, C, V, U>> attributes {nn.entry} {
  %y = nn.upsample nearest %x : (tensor<?x2x2x3xf32, #nn.axes<B, C, Y, X>>) -> tensor<?x2x5x7xf32, #nn.axes<B, C, V, U>>
  return %y : tensor<?x2x5x7xf32, #nn.axes<B, C, V, U>>
}
func.func @bilinear(%x: tensor<?x2x2x3xf32, #nn.axes<B, C, Y, X>> {nn.name = "x"}) -> tensor<?x2x4x6xf32, #nn.axes<B, C, "2*Y", "2*X">> attributes {nn.entry} {
  %y = nn.upsample bilinear %x : (tensor<?x2x2x3xf32, #nn.axes<B, C, Y, X>>) -> tensor<?x2x4x6xf32, #nn.axes<B, C, "2*Y", "2*X">>
  return %y : tensor<?x2x4x6xf32, #nn.axes<B, C, "2*Y", "2*X">>
}
func.func @bilinear_to(%x: tensor<?x2x2x3xf32, #nn.axes<B, C, Y, X>> {nn.name = "x"}) -> tensor<?x2x5x7xf32, #nn.axes<B, C, V, U>> attributes {nn.entry} {
  %y = nn.upsample bilinear %x : (tensor<?x2x2x3xf32, #nn.axes<B, C, Y, X>>) -> tensor<?x2x5x7xf32, #nn.axes<B, C, V, U>>
  return %y : tensor<?x2x5x7xf32, #nn.axes<B, C, V, U>>
}
func.func @bilinear_corners(%x: tensor<?x2x2x3xf32, #nn.axes<B, C, Y, X>> {nn.name = "x"}) -> tensor<?x2x5x7xf32, #nn.axes<B, C, V, U>> attributes {nn.entry} {
  %y = nn.upsample bilinear %x align_corners : (tensor<?x2x2x3xf32, #nn.axes<B, C, Y, X>>) -> tensor<?x2x5x7xf32, #nn.axes<B, C, V, U>>
  return %y : tensor<?x2x5x7xf32, #nn.axes<B, C, V, U>>
}
func.func @bilinear_corners_of_one(%x: tensor<?x2x2x3xf32, #nn.axes<B, C, Y, X>> {nn.name = "x"}) -> tensor<?x2x1x7xf32, #nn.axes<B, C, "1", U>> attributes {nn.entry} {
  %y = nn.upsample bilinear %x align_corners : (tensor<?x2x2x3xf32, #nn.axes<B, C, Y, X>>) -> tensor<?x2x1x7xf32, #nn.axes<B, C, "1", U>>
  return %y : tensor<?x2x1x7xf32, #nn.axes<B, C, "1", U>>
}
func.func @bicubic(%x: tensor<?x2x2x3xf32, #nn.axes<B, C, Y, X>> {nn.name = "x"}) -> tensor<?x2x5x7xf32, #nn.axes<B, C, V, U>> attributes {nn.entry} {
  %y = nn.upsample bicubic %x : (tensor<?x2x2x3xf32, #nn.axes<B, C, Y, X>>) -> tensor<?x2x5x7xf32, #nn.axes<B, C, V, U>>
  return %y : tensor<?x2x5x7xf32, #nn.axes<B, C, V, U>>
}
func.func @bicubic_corners(%x: tensor<?x2x2x3xf32, #nn.axes<B, C, Y, X>> {nn.name = "x"}) -> tensor<?x2x5x7xf32, #nn.axes<B, C, V, U>> attributes {nn.entry} {
  %y = nn.upsample bicubic %x align_corners : (tensor<?x2x2x3xf32, #nn.axes<B, C, Y, X>>) -> tensor<?x2x5x7xf32, #nn.axes<B, C, V, U>>
  return %y : tensor<?x2x5x7xf32, #nn.axes<B, C, V, U>>
}
func.func @batch_norm(%x: tensor<?x2x3xf32, #nn.axes<B, C, X>> {nn.name = "x"}, %w: tensor<2xf32, #nn.axes<C>> {nn.name = "w"},
    %b: tensor<2xf32, #nn.axes<C>> {nn.name = "b"}, %m: tensor<2xf32, #nn.axes<C>> {nn.name = "m"}, %v: tensor<2xf32, #nn.axes<C>> {nn.name = "v"})
    -> tensor<?x2x3xf32, #nn.axes<B, C, X>> attributes {nn.entry} {
  %y = nn.batch_norm %x, %w, %b mean %m variance %v eps 0.5
     : (tensor<?x2x3xf32, #nn.axes<B, C, X>>, tensor<2xf32, #nn.axes<C>>, tensor<2xf32, #nn.axes<C>>, tensor<2xf32, #nn.axes<C>>, tensor<2xf32, #nn.axes<C>>)
    -> tensor<?x2x3xf32, #nn.axes<B, C, X>>
  return %y : tensor<?x2x3xf32, #nn.axes<B, C, X>>
}

//===--- Across axes, rows of several lengths ---------------------------------------------------------===//

func.func @rearrange(%x: tensor<?x?x2x3xf32, #nn.axes<B, T, P, Q>> {nn.name = "x"}) -> tensor<?x?x6xf32, #nn.axes<B, T, "P*Q">> attributes {nn.entry} {
  %t = nn.rearrange %x sources [[0], [1], [3], [2]] : (tensor<?x?x2x3xf32, #nn.axes<B, T, P, Q>>) -> tensor<?x?x3x2xf32, #nn.axes<B, T, Q, P>>
  // What stands between keeps the two from being one.
  %n = nn.exp %t : tensor<?x?x3x2xf32, #nn.axes<B, T, Q, P>>
  %y = nn.rearrange %n sources [[0], [1], [2, 3]] : (tensor<?x?x3x2xf32, #nn.axes<B, T, Q, P>>) -> tensor<?x?x6xf32, #nn.axes<B, T, "P*Q">>
  return %y : tensor<?x?x6xf32, #nn.axes<B, T, "P*Q">>
}
func.func @turn(%x: tensor<?x?x3xf32, #nn.axes<B, T, D>> {nn.name = "x"}) -> tensor<?x3x?xf32, #nn.axes<B, D, T>> attributes {nn.entry} {
  %y = nn.rearrange %x sources [[0], [2], [1]] : (tensor<?x?x3xf32, #nn.axes<B, T, D>>) -> tensor<?x3x?xf32, #nn.axes<B, D, T>>
  return %y : tensor<?x3x?xf32, #nn.axes<B, D, T>>
}
// A token in front of every row, which is the same for all rows.
func.func @token_in_front(%c: tensor<1x3xf32, #nn.axes<"1", D>> {nn.name = "c"}, %x: tensor<?x?x3xf32, #nn.axes<B, T, D>> {nn.name = "x"})
    -> tensor<?x?x3xf32, #nn.axes<B, "T+1", D>> attributes {nn.entry} {
  %y = nn.concat %c, %x along 1 : (tensor<1x3xf32, #nn.axes<"1", D>>, tensor<?x?x3xf32, #nn.axes<B, T, D>>) -> tensor<?x?x3xf32, #nn.axes<B, "T+1", D>>
  return %y : tensor<?x?x3xf32, #nn.axes<B, "T+1", D>>
}
func.func @halves_swapped(%x: tensor<?x?x6xf32, #nn.axes<B, T, "2*D">> {nn.name = "x"}) -> tensor<?x?x6xf32, #nn.axes<B, T, "2*D">> attributes {nn.entry} {
  %a, %b = nn.split %x along 2 : (tensor<?x?x6xf32, #nn.axes<B, T, "2*D">>) -> (tensor<?x?x3xf32, #nn.axes<B, T, D>>, tensor<?x?x3xf32, #nn.axes<B, T, D>>)
  %y = nn.concat %b, %a along 2 : (tensor<?x?x3xf32, #nn.axes<B, T, D>>, tensor<?x?x3xf32, #nn.axes<B, T, D>>) -> tensor<?x?x6xf32, #nn.axes<B, T, "2*D">>
  return %y : tensor<?x?x6xf32, #nn.axes<B, T, "2*D">>
}
func.func @topk(%x: tensor<?x?x5xf32, #nn.axes<B, T, E>> {nn.name = "x"})
    -> (tensor<?x?x3xf32, #nn.axes<B, T, A>>, tensor<?x?x3xi32, #nn.axes<B, T, A over E>>) attributes {nn.entry} {
  %v, %i = nn.topk %x : (tensor<?x?x5xf32, #nn.axes<B, T, E>>) -> (tensor<?x?x3xf32, #nn.axes<B, T, A>>, tensor<?x?x3xi32, #nn.axes<B, T, A over E>>)
  return %v, %i : tensor<?x?x3xf32, #nn.axes<B, T, A>>, tensor<?x?x3xi32, #nn.axes<B, T, A over E>>
}
func.func @softmax_of_nothing(%x: tensor<?x?x3xf32, #nn.axes<B, T, D>> {nn.name = "x"}) -> tensor<?x?x3xf32, #nn.axes<B, T, D>> attributes {nn.entry} {
  %l = nn.log %x : tensor<?x?x3xf32, #nn.axes<B, T, D>>
  %y = nn.softmax %l over "D" : (tensor<?x?x3xf32, #nn.axes<B, T, D>>) -> tensor<?x?x3xf32, #nn.axes<B, T, D>>
  return %y : tensor<?x?x3xf32, #nn.axes<B, T, D>>
}

//===--- Along an axis: 37 elements are more than a vector, and no whole ones --------------------------===//

func.func @sum(%x: tensor<?x?x37xf32, #nn.axes<B, T, G>> {nn.name = "x"}) -> tensor<?x?xf32, #nn.axes<B, T>> attributes {nn.entry} {
  %y = nn.reduce sum %x over "G" : (tensor<?x?x37xf32, #nn.axes<B, T, G>>) -> tensor<?x?xf32, #nn.axes<B, T>>
  return %y : tensor<?x?xf32, #nn.axes<B, T>>
}
func.func @mean(%x: tensor<?x?x37xf32, #nn.axes<B, T, G>> {nn.name = "x"}) -> tensor<?x37xf32, #nn.axes<B, G>> attributes {nn.entry} {
  %y = nn.reduce mean %x over "T" : (tensor<?x?x37xf32, #nn.axes<B, T, G>>) -> tensor<?x37xf32, #nn.axes<B, G>>
  return %y : tensor<?x37xf32, #nn.axes<B, G>>
}
func.func @max(%x: tensor<?x?x37xf32, #nn.axes<B, T, G>> {nn.name = "x"}) -> tensor<?x?xf32, #nn.axes<B, T>> attributes {nn.entry} {
  %y = nn.reduce max %x over "G" : (tensor<?x?x37xf32, #nn.axes<B, T, G>>) -> tensor<?x?xf32, #nn.axes<B, T>>
  return %y : tensor<?x?xf32, #nn.axes<B, T>>
}
func.func @max_of_tokens(%x: tensor<?x?x37xf32, #nn.axes<B, T, G>> {nn.name = "x"}) -> tensor<?x37xf32, #nn.axes<B, G>> attributes {nn.entry} {
  %y = nn.reduce max %x over "T" : (tensor<?x?x37xf32, #nn.axes<B, T, G>>) -> tensor<?x37xf32, #nn.axes<B, G>>
  return %y : tensor<?x37xf32, #nn.axes<B, G>>
}
func.func @softmax(%x: tensor<?x?x37xf32, #nn.axes<B, T, G>> {nn.name = "x"}) -> tensor<?x?x37xf32, #nn.axes<B, T, G>> attributes {nn.entry} {
  %y = nn.softmax %x over "G" : (tensor<?x?x37xf32, #nn.axes<B, T, G>>) -> tensor<?x?x37xf32, #nn.axes<B, T, G>>
  return %y : tensor<?x?x37xf32, #nn.axes<B, T, G>>
}
func.func @softmax_of_tokens(%x: tensor<?x?x37xf32, #nn.axes<B, T, G>> {nn.name = "x"}) -> tensor<?x?x37xf32, #nn.axes<B, T, G>> attributes {nn.entry} {
  %y = nn.softmax %x over "T" : (tensor<?x?x37xf32, #nn.axes<B, T, G>>) -> tensor<?x?x37xf32, #nn.axes<B, T, G>>
  return %y : tensor<?x?x37xf32, #nn.axes<B, T, G>>
}
func.func @normalize(%x: tensor<?x?x37xf32, #nn.axes<B, T, G>> {nn.name = "x"}) -> tensor<?x?x37xf32, #nn.axes<B, T, G>> attributes {nn.entry} {
  %y = nn.normalize %x over "G" eps 1.0e-12 : (tensor<?x?x37xf32, #nn.axes<B, T, G>>) -> tensor<?x?x37xf32, #nn.axes<B, T, G>>
  return %y : tensor<?x?x37xf32, #nn.axes<B, T, G>>
}
func.func @normalize_tokens(%x: tensor<?x?x37xf32, #nn.axes<B, T, G>> {nn.name = "x"}) -> tensor<?x?x37xf32, #nn.axes<B, T, G>> attributes {nn.entry} {
  %y = nn.normalize %x over "T" eps 0.5 : (tensor<?x?x37xf32, #nn.axes<B, T, G>>) -> tensor<?x?x37xf32, #nn.axes<B, T, G>>
  return %y : tensor<?x?x37xf32, #nn.axes<B, T, G>>
}
func.func @dot(%x: tensor<?x?x37xf32, #nn.axes<B, T, G>> {nn.name = "x"}, %w: tensor<5x37xf32, #nn.axes<E, G>> {nn.name = "w"}) -> tensor<?x?x5xf32, #nn.axes<B, T, E>> attributes {nn.entry} {
  %y = nn.dot %x, %w over "G" : (tensor<?x?x37xf32, #nn.axes<B, T, G>>, tensor<5x37xf32, #nn.axes<E, G>>) -> tensor<?x?x5xf32, #nn.axes<B, T, E>>
  return %y : tensor<?x?x5xf32, #nn.axes<B, T, E>>
}
func.func @dot_of_tokens(%x: tensor<?x?x37xf32, #nn.axes<B, T, G>> {nn.name = "x"}, %p: tensor<?x?xf32, #nn.axes<B, T>> {nn.name = "p"}) -> tensor<?x37xf32, #nn.axes<B, G>> attributes {nn.entry} {
  %y = nn.dot %p, %x over "T" : (tensor<?x?xf32, #nn.axes<B, T>>, tensor<?x?x37xf32, #nn.axes<B, T, G>>) -> tensor<?x37xf32, #nn.axes<B, G>>
  return %y : tensor<?x37xf32, #nn.axes<B, G>>
}

//===--- A window of three keys, whose width is a constant outside the region -------------------------===//

func.func @window(%q: tensor<?x?x1x2xf32, #nn.axes<B, T, H, K>> {nn.name = "q"}) -> tensor<?x?x1x2xf32, #nn.axes<B, T, H, K>> attributes {nn.entry} {
  %width = arith.constant 3 : index
  %y = nn.attention %q, %q, %q scale 1.0 where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %d = arith.subi %i, %j : index
    %near = arith.cmpi ult, %d, %width : index
    nn.yield %near : i1
  } : (tensor<?x?x1x2xf32, #nn.axes<B, T, H, K>>, tensor<?x?x1x2xf32, #nn.axes<B, T, H, K>>, tensor<?x?x1x2xf32, #nn.axes<B, T, H, K>>)
   -> tensor<?x?x1x2xf32, #nn.axes<B, T, H, K>>
  return %y : tensor<?x?x1x2xf32, #nn.axes<B, T, H, K>>
}

//===--- What a row carries ---------------------------------------------------------------------------===//

// h ← x + h/2, y = h · x; h stays with the session.
func.func @recurrence(%x: tensor<?x?x2xf32, #nn.axes<B, T, D>> {nn.name = "x"}) -> tensor<?x?x2xf32, #nn.axes<B, T, D>> attributes {nn.entry} {
  %half = nn.constant 0.5 : tensor<f32, #nn.axes<>>
  %y = nn.scan "rnn" over "T" (%x) carry [tensor<?x2xf32, #nn.axes<B, D>>] {
  ^bb0(%t: tensor<?x2xf32, #nn.axes<B, D>>, %h: tensor<?x2xf32, #nn.axes<B, D>>):
    %g = nn.mul %h, %half : (tensor<?x2xf32, #nn.axes<B, D>>, tensor<f32, #nn.axes<>>) -> tensor<?x2xf32, #nn.axes<B, D>>
    %n = nn.add %t, %g : (tensor<?x2xf32, #nn.axes<B, D>>, tensor<?x2xf32, #nn.axes<B, D>>) -> tensor<?x2xf32, #nn.axes<B, D>>
    %o = nn.mul %n, %t : (tensor<?x2xf32, #nn.axes<B, D>>, tensor<?x2xf32, #nn.axes<B, D>>) -> tensor<?x2xf32, #nn.axes<B, D>>
    nn.yield %n, %o : tensor<?x2xf32, #nn.axes<B, D>>, tensor<?x2xf32, #nn.axes<B, D>>
  } : (tensor<?x?x2xf32, #nn.axes<B, T, D>>) -> tensor<?x?x2xf32, #nn.axes<B, T, D>>
  return %y : tensor<?x?x2xf32, #nn.axes<B, T, D>>
}
}
