-- Each an extension type or a union in the records: panics in the writers.
SELECT 'POINT (1 2)'::GEOMETRY
