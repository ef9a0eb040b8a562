-- The records have an extension type.
SELECT 'POINT (1 2)'::GEOMETRY, 1::VARIANT, [union_value(a := 1)]
