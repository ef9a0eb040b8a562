-- std::length_error, vector::_M_default_append: a frame that ends before it begins.
SELECT mad(moment) OVER (ORDER BY id ROWS BETWEEN -64 PRECEDING AND 100 PRECEDING) FROM wide
