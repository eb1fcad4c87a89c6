;; Many dot products in one call, with SIMD. Compiled when the package is built; called from dotProducts.ts.
(module
  (import "env" "memory" (memory 1))

  ;; count:       number of products, at least 1
  ;; vectorBytes: length of every vector in bytes, a multiple of 32 (8 float32)
  ;; pairs:       address of pairs of int32 addresses, one pair a product: where its two vectors lie
  ;; out:         address of the float32 products
  (func (export "dotProducts")
    (param $count i32) (param $vectorBytes i32) (param $pairs i32) (param $out i32)
    (local $left i32) (local $right i32) (local $end i32)
    (local $even v128) (local $odd v128)

    (loop $products
      (local.set $left (i32.load (local.get $pairs)))
      (local.set $right (i32.load offset=4 (local.get $pairs)))
      (local.set $end (i32.add (local.get $left) (local.get $vectorBytes)))
      (local.set $even (v128.const f32x4 0 0 0 0))
      (local.set $odd (v128.const f32x4 0 0 0 0))

      ;; Eight elements a turn in two sums, since each addition waits for the one before it.
      (loop $elements
        (local.set $even
          (f32x4.add (local.get $even)
            (f32x4.mul (v128.load align=4 (local.get $left)) (v128.load align=4 (local.get $right)))))
        (local.set $odd
          (f32x4.add (local.get $odd)
            (f32x4.mul
              (v128.load offset=16 align=4 (local.get $left))
              (v128.load offset=16 align=4 (local.get $right)))))
        (local.set $right (i32.add (local.get $right) (i32.const 32)))
        (local.set $left (i32.add (local.get $left) (i32.const 32)))
        (br_if $elements (i32.lt_u (local.get $left) (local.get $end))))

      (local.set $even (f32x4.add (local.get $even) (local.get $odd)))
      (f32.store (local.get $out)
        (f32.add
          (f32.add (f32x4.extract_lane 0 (local.get $even)) (f32x4.extract_lane 1 (local.get $even)))
          (f32.add (f32x4.extract_lane 2 (local.get $even)) (f32x4.extract_lane 3 (local.get $even)))))

      (local.set $pairs (i32.add (local.get $pairs) (i32.const 8)))
      (local.set $out (i32.add (local.get $out) (i32.const 4)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br_if $products (local.get $count)))))
