;; What `scanBytes` asks of a block's bytes, 64 of them at a step.
;;
;; The bytes lie from 0 on; behind them is room for 64 more, which are overwritten. Line feeds are counted in 16 lanes of
;; eight bits each, which hold the sum of 63 steps (4 in each at most) before they are added up in lanes of 32 bits.
;;
;; The assembled bytes are in scan-module.ts; a test compares them with this text.
(module
  (memory (export "memory") 2)

  ;; The line feeds in bytes 0 to $end: bits 0 to 27. Bit 28: a byte beyond ASCII is among the bytes;
  ;; bit 29: a carriage return is; bit 30: a NUL is.
  (func (export "scan") (param $end i32) (result i32)
    (local $at i32)
    (local $stop i32)
    (local $a v128)
    (local $b v128)
    (local $c v128)
    (local $d v128)
    (local $feed v128)
    (local $return v128)
    (local $feeds v128)
    (local $sums v128)
    (local $returns v128)
    (local $union v128)
    (local $least v128)
    (local.set $feed (i8x16.splat (i32.const 10)))
    (local.set $return (i8x16.splat (i32.const 13)))
    (local.set $least (i8x16.splat (i32.const 255)))

    ;; Blanks fill up the last step.
    (v128.store offset=0 (local.get $end) (i8x16.splat (i32.const 32)))
    (v128.store offset=16 (local.get $end) (i8x16.splat (i32.const 32)))
    (v128.store offset=32 (local.get $end) (i8x16.splat (i32.const 32)))
    (v128.store offset=48 (local.get $end) (i8x16.splat (i32.const 32)))

    (block $done
      (loop $stretch
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $stop (i32.add (local.get $at) (i32.const 4032)))
        (if (i32.gt_u (local.get $stop) (local.get $end))
          (then (local.set $stop (local.get $end))))
        (local.set $feeds (v128.const i64x2 0 0))

        (loop $step
          (local.set $a (v128.load offset=0 (local.get $at)))
          (local.set $b (v128.load offset=16 (local.get $at)))
          (local.set $c (v128.load offset=32 (local.get $at)))
          (local.set $d (v128.load offset=48 (local.get $at)))
          ;; Where two bytes are equal the lane is -1.
          (local.set $feeds
            (i8x16.sub
              (local.get $feeds)
              (i8x16.add
                (i8x16.add (i8x16.eq (local.get $a) (local.get $feed)) (i8x16.eq (local.get $b) (local.get $feed)))
                (i8x16.add (i8x16.eq (local.get $c) (local.get $feed)) (i8x16.eq (local.get $d) (local.get $feed))))))
          (local.set $returns
            (v128.or
              (local.get $returns)
              (v128.or
                (v128.or (i8x16.eq (local.get $a) (local.get $return)) (i8x16.eq (local.get $b) (local.get $return)))
                (v128.or (i8x16.eq (local.get $c) (local.get $return)) (i8x16.eq (local.get $d) (local.get $return))))))
          (local.set $union
            (v128.or
              (local.get $union)
              (v128.or
                (v128.or (local.get $a) (local.get $b))
                (v128.or (local.get $c) (local.get $d)))))
          (local.set $least
            (i8x16.min_u
              (local.get $least)
              (i8x16.min_u
                (i8x16.min_u (local.get $a) (local.get $b))
                (i8x16.min_u (local.get $c) (local.get $d)))))
          (local.set $at (i32.add (local.get $at) (i32.const 64)))
          (br_if $step (i32.lt_u (local.get $at) (local.get $stop))))

        (local.set $sums
          (i32x4.add
            (local.get $sums)
            (i32x4.extadd_pairwise_i16x8_u (i16x8.extadd_pairwise_i8x16_u (local.get $feeds)))))
        (br $stretch)))

    (i32.or
      (i32.or
        (i32.shl (i32.ne (i8x16.bitmask (local.get $union)) (i32.const 0)) (i32.const 28))
        (i32.shl (v128.any_true (local.get $returns)) (i32.const 29)))
      (i32.or
        (i32.shl (i32.eqz (i8x16.all_true (local.get $least))) (i32.const 30))
        (i32.add
          (i32.add (i32x4.extract_lane 0 (local.get $sums)) (i32x4.extract_lane 1 (local.get $sums)))
          (i32.add (i32x4.extract_lane 2 (local.get $sums)) (i32x4.extract_lane 3 (local.get $sums))))))))
