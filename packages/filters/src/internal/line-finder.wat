;; Finds the lines that hold one of some texts, 64 bytes at a step: where the first and the last byte of a text stand as far
;; apart as they do in it, the whole of it is compared. After W. Muła, "SIMD-friendly algorithms for substring searching".
;;
;;   0          a row of 48 bytes for each text: 16 times its first byte, 16 times its last byte,
;;              its address (32 bits) and its length less one (32 bits)
;;   ...        the texts, the bytes to search, and the places of the lines found: wherever the caller puts them
;;
;; The assembled bytes are in line-finder-module.ts; a test compares them with this text.
(module
  (memory (export "memory") 11)

  ;; Whether the text of this row stands at $at, and ends before $to.
  (func $stands (param $row i32) (param $at i32) (param $to i32) (result i32)
    (local $text i32)
    (local $last i32)
    (local.set $last (i32.add (local.get $at) (i32.load offset=36 (local.get $row))))
    (if (i32.ge_u (local.get $last) (local.get $to)) (then (return (i32.const 0))))
    (local.set $text (i32.load offset=32 (local.get $row)))
    (loop $next
      (if (i32.ne (i32.load8_u (local.get $at)) (i32.load8_u (local.get $text))) (then (return (i32.const 0))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $text (i32.add (local.get $text) (i32.const 1)))
      (br_if $next (i32.le_u (local.get $at) (local.get $last))))
    (i32.const 1))

  ;; Behind the last line feed before $at, at least $from; up to 16 bytes before $from are read.
  (func $lineStart (param $from i32) (param $at i32) (result i32)
    (local $feeds i32)
    (loop $back
      (local.set $at (i32.sub (local.get $at) (i32.const 16)))
      (local.set $feeds (i8x16.bitmask (i8x16.eq (v128.load (local.get $at)) (i8x16.splat (i32.const 10)))))
      (if (local.get $feeds)
        (then
          (local.set $at (i32.sub (i32.add (local.get $at) (i32.const 32)) (i32.clz (local.get $feeds)))))
        (else
          (br_if $back (i32.gt_u (local.get $at) (local.get $from))))))
    (select (local.get $at) (local.get $from) (i32.gt_u (local.get $at) (local.get $from))))

  ;; Behind the first line feed from $at on, at most $to; up to 16 bytes behind $to are read.
  (func $lineEnd (param $at i32) (param $to i32) (result i32)
    (local $feeds i32)
    (loop $forth
      (local.set $feeds (i8x16.bitmask (i8x16.eq (v128.load (local.get $at)) (i8x16.splat (i32.const 10)))))
      (if (local.get $feeds)
        (then
          (local.set $at (i32.add (i32.add (local.get $at) (i32.ctz (local.get $feeds))) (i32.const 1))))
        (else
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (br_if $forth (i32.lt_u (local.get $at) (local.get $to))))))
    (select (local.get $at) (local.get $to) (i32.lt_u (local.get $at) (local.get $to))))

  ;; Writes start and end of each line found, 32 bits each, to $out and after it; returns where they end. $rows is where the
  ;; rows end. 16 bytes before $from, and 80 and the longest text behind $to, are read too; what they are does not matter.
  (func (export "find") (param $rows i32) (param $from i32) (param $to i32) (param $out i32) (result i32)
    (local $at i32)
    (local $row i32)
    (local $place i32)
    (local $places i64)
    (local $ahead i32)
    (local $first v128)
    (local $last v128)
    (local $a v128)
    (local $b v128)
    (local $c v128)
    (local $d v128)
    (local.set $at (local.get $from))
    (block $done
      (loop $step
        (br_if $done (i32.ge_u (local.get $at) (local.get $to)))
        (local.set $a (v128.const i64x2 0 0))
        (local.set $b (v128.const i64x2 0 0))
        (local.set $c (v128.const i64x2 0 0))
        (local.set $d (v128.const i64x2 0 0))
        (local.set $row (i32.const 0))
        (loop $text
          (local.set $first (v128.load (local.get $row)))
          (local.set $last (v128.load offset=16 (local.get $row)))
          (local.set $ahead (i32.add (local.get $at) (i32.load offset=36 (local.get $row))))
          (local.set $a
            (v128.or (local.get $a)
              (v128.and
                (i8x16.eq (local.get $first) (v128.load (local.get $at)))
                (i8x16.eq (local.get $last) (v128.load (local.get $ahead))))))
          (local.set $b
            (v128.or (local.get $b)
              (v128.and
                (i8x16.eq (local.get $first) (v128.load offset=16 (local.get $at)))
                (i8x16.eq (local.get $last) (v128.load offset=16 (local.get $ahead))))))
          (local.set $c
            (v128.or (local.get $c)
              (v128.and
                (i8x16.eq (local.get $first) (v128.load offset=32 (local.get $at)))
                (i8x16.eq (local.get $last) (v128.load offset=32 (local.get $ahead))))))
          (local.set $d
            (v128.or (local.get $d)
              (v128.and
                (i8x16.eq (local.get $first) (v128.load offset=48 (local.get $at)))
                (i8x16.eq (local.get $last) (v128.load offset=48 (local.get $ahead))))))
          (local.set $row (i32.add (local.get $row) (i32.const 48)))
          (br_if $text (i32.lt_u (local.get $row) (local.get $rows))))

        (if (v128.any_true
              (v128.or (v128.or (local.get $a) (local.get $b)) (v128.or (local.get $c) (local.get $d))))
          (then
            ;; A bit for each place where a text may begin.
            (local.set $places
              (i64.or
                (i64.extend_i32_u
                  (i32.or (i8x16.bitmask (local.get $a)) (i32.shl (i8x16.bitmask (local.get $b)) (i32.const 16))))
                (i64.shl
                  (i64.extend_i32_u
                    (i32.or (i8x16.bitmask (local.get $c)) (i32.shl (i8x16.bitmask (local.get $d)) (i32.const 16))))
                  (i64.const 32))))
            (loop $candidate
              (local.set $place (i32.add (local.get $at) (i32.wrap_i64 (i64.ctz (local.get $places)))))
              (local.set $row (i32.const 0))
              (loop $try
                (if (call $stands (local.get $row) (local.get $place) (local.get $to))
                  (then
                    (local.set $at (call $lineEnd (local.get $place) (local.get $to)))
                    (i32.store (local.get $out) (call $lineStart (local.get $from) (local.get $place)))
                    (i32.store offset=4 (local.get $out) (local.get $at))
                    (local.set $out (i32.add (local.get $out) (i32.const 8)))
                    ;; On with the next line.
                    (local.set $from (local.get $at))
                    (br $step)))
                (local.set $row (i32.add (local.get $row) (i32.const 48)))
                (br_if $try (i32.lt_u (local.get $row) (local.get $rows))))
              (local.set $places
                (i64.and (local.get $places) (i64.sub (local.get $places) (i64.const 1))))
              (br_if $candidate (i64.ne (local.get $places) (i64.const 0))))))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (br $step)))
    (local.get $out)))
