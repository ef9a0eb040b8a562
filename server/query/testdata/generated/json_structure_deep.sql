-- The structure of JSON is told by recursion without a bound: the stack ends.
SELECT json_structure((repeat('[', 100000) || repeat(']', 100000))::JSON)
