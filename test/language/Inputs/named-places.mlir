func.func @a() -> i32 {
  return loc("DIR/pipe.heddle":1:1)
}
func.func @b() -> i32 {
  return loc("DIR/secret.txt":1:1)
}
