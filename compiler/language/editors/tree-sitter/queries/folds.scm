[
  (config)
  (weights)
  (body)
] @fold
