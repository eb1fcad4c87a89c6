;; Dot products of consecutive rows with one vector or with four, with SIMD. Compiled when the package is built; called from
;; rowMatrix.ts. The memory is shared between threads.
(module
  (import "env" "memory" (memory 1 65536 shared))

  ;; rows:     address of the first row
  ;; count:    number of rows, at least 1
  ;; rowBytes: length of a row, and of the probe, a multiple of 32 (8 float32)
  ;; probe:    address of the vector
  ;; out:      address of the float32 products, one a row
  (func (export "scanOne")
    (param $rows i32) (param $count i32) (param $rowBytes i32) (param $probe i32) (param $out i32)
    (local $at i32) (local $end i32)
    (local $even v128) (local $odd v128)
    (loop $next
      (local.set $end (i32.add (local.get $rows) (local.get $rowBytes)))
      (local.set $at (local.get $probe))
      (local.set $even (v128.const f32x4 0 0 0 0))
      (local.set $odd (v128.const f32x4 0 0 0 0))
      ;; Eight elements a turn in two sums, since each addition waits for the one before it.
      (loop $elements
        (local.set $even
          (f32x4.add (local.get $even) (f32x4.mul (v128.load (local.get $rows)) (v128.load (local.get $at)))))
        (local.set $odd
          (f32x4.add (local.get $odd)
            (f32x4.mul (v128.load offset=16 (local.get $rows)) (v128.load offset=16 (local.get $at)))))
        (local.set $at (i32.add (local.get $at) (i32.const 32)))
        (local.set $rows (i32.add (local.get $rows) (i32.const 32)))
        (br_if $elements (i32.lt_u (local.get $rows) (local.get $end))))
      (local.set $even (f32x4.add (local.get $even) (local.get $odd)))
      (f32.store (local.get $out)
        (f32.add
          (f32.add (f32x4.extract_lane 0 (local.get $even)) (f32x4.extract_lane 1 (local.get $even)))
          (f32.add (f32x4.extract_lane 2 (local.get $even)) (f32x4.extract_lane 3 (local.get $even)))))
      (local.set $out (i32.add (local.get $out) (i32.const 4)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br_if $next (local.get $count))))

  ;; The same for four probes, interleaved: four elements of the first, four of the second and so on. Each row is read once.
  ;; out: address of the float32 products, four a row
  (func (export "scanFour")
    (param $rows i32) (param $count i32) (param $rowBytes i32) (param $probes i32) (param $out i32)
    (local $at i32) (local $end i32)
    (local $row v128) (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (loop $next
      (local.set $end (i32.add (local.get $rows) (local.get $rowBytes)))
      (local.set $at (local.get $probes))
      (local.set $a (v128.const f32x4 0 0 0 0))
      (local.set $b (v128.const f32x4 0 0 0 0))
      (local.set $c (v128.const f32x4 0 0 0 0))
      (local.set $d (v128.const f32x4 0 0 0 0))
      (loop $elements
        (local.set $row (v128.load (local.get $rows)))
        (local.set $a (f32x4.add (local.get $a) (f32x4.mul (local.get $row) (v128.load (local.get $at)))))
        (local.set $b (f32x4.add (local.get $b) (f32x4.mul (local.get $row) (v128.load offset=16 (local.get $at)))))
        (local.set $c (f32x4.add (local.get $c) (f32x4.mul (local.get $row) (v128.load offset=32 (local.get $at)))))
        (local.set $d (f32x4.add (local.get $d) (f32x4.mul (local.get $row) (v128.load offset=48 (local.get $at)))))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (local.set $rows (i32.add (local.get $rows) (i32.const 16)))
        (br_if $elements (i32.lt_u (local.get $rows) (local.get $end))))
      ;; Lanes of each sum are added up: first pairs of lanes of two sums, then of all four.
      (local.set $a
        (f32x4.add
          (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $a) (local.get $b))
          (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $a) (local.get $b))))
      (local.set $c
        (f32x4.add
          (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $c) (local.get $d))
          (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $c) (local.get $d))))
      (v128.store (local.get $out)
        (f32x4.add
          (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $a) (local.get $c))
          (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $a) (local.get $c))))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br_if $next (local.get $count)))))
